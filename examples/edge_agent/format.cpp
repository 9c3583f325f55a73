#include "format.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace edge_agent {
namespace {

template <typename... Args>
std::string print(const char* format, Args... args) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, args...);
  return text.data();
}

}  // namespace

std::string formatBytes(std::int64_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (bytes < 1024) return print("%lld B", static_cast<long long>(bytes));
  if (bytes < 1024 * 1024) return print("%.1f KiB", value / 1024);
  if (bytes < 1024 * 1024 * 1024) return print("%.1f MiB", value / (1024 * 1024));
  return print("%.2f GiB", value / (1024 * 1024 * 1024));
}

std::string formatDuration(std::chrono::nanoseconds duration) {
  const auto nanoseconds = static_cast<double>(duration.count());
  if (nanoseconds < 1e3) return print("%.0f ns", nanoseconds);
  if (nanoseconds < 1e6) return print("%.1f us", nanoseconds / 1e3);
  if (nanoseconds < 1e9) return print("%.2f ms", nanoseconds / 1e6);
  return print("%.2f s", nanoseconds / 1e9);
}

std::string formatTime(holdfast::Timestamp time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t count = std::chrono::system_clock::to_time_t(seconds);
  std::tm parts{};
  ::gmtime_r(&count, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  return print("%s.%03dZ", text.data(), static_cast<int>((time - seconds).count()));
}

}  // namespace edge_agent
