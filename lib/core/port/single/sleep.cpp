#include <ctime>

#include "core/port/thread.hpp"

namespace holdfast::port {

void sleepFor(std::chrono::nanoseconds duration) {
  if (duration.count() <= 0) return;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  std::timespec rest{};
  rest.tv_sec = static_cast<std::time_t>(seconds.count());
  rest.tv_nsec = static_cast<long>((duration - seconds).count());
  // A signal ends it early, and leaves the rest.
  while (::nanosleep(&rest, &rest) != 0) {
  }
}

}  // namespace holdfast::port
