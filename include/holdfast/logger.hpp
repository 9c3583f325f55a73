#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace holdfast {

enum class LogLevel : std::uint8_t { Debug, Info, Warning, Error, Off };

std::string_view toText(LogLevel level) noexcept;

/// Receives the library's log lines. log() is called from any thread, never under a lock of the library, and must
/// not throw. Lines never carry a bound value.
class Logger {
 public:
  virtual ~Logger() = default;
  /// `component` is a short stable name such as "pool"; `message` has no trailing newline.
  virtual void log(LogLevel level, std::string_view component, std::string_view message) noexcept = 0;
};

/// Writes one line a message to standard error, each with a single write, from `threshold` upwards.
std::shared_ptr<Logger> makeStderrLogger(LogLevel threshold = LogLevel::Warning);

}  // namespace holdfast
