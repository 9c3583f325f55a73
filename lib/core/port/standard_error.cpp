#include "core/port/standard_error.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace holdfast::port {

void writeStandardError(std::string_view text) noexcept {
  const int before = errno;
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      break;
    }
  }
  errno = before;
}

}  // namespace holdfast::port
