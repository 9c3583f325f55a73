#include <holdfast/logger.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/port/standard_error.hpp"

namespace holdfast {
namespace {

/// A line that is put together without allocating, because lines are written when memory has run out, too. What does
/// not fit is cut and replaced by "...". The size is below the 4 KiB that Linux writes to a pipe in one piece.
class Line {
 public:
  Line& add(std::string_view text) noexcept {
    const std::size_t taken = std::min(text.size(), kText - size_);
    // A control character in a file name, say, must not look like a line of its own.
    const auto printable = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? ' ' : c; };
    std::transform(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(taken), bytes_.begin() + size_, printable);
    size_ += taken;
    cut_ = cut_ || taken < text.size();
    return *this;
  }

  std::string_view end() noexcept {
    const std::string_view ending = cut_ ? "...\n" : "\n";
    std::copy(ending.begin(), ending.end(), bytes_.begin() + size_);
    return {bytes_.data(), size_ + ending.size()};
  }

 private:
  static constexpr std::size_t kText = 2044;
  std::array<char, kText + 4> bytes_;
  std::size_t size_ = 0;
  bool cut_ = false;
};

class StderrLogger final : public Logger {
 public:
  explicit StderrLogger(LogLevel threshold) noexcept : threshold_(threshold) {}

  void log(LogLevel level, std::string_view component, std::string_view message) noexcept override {
    if (level < threshold_ || level >= LogLevel::Off) return;
    Line line;
    line.add("holdfast ").add(toText(level)).add(" [").add(component).add("] ").add(message);
    port::writeStandardError(line.end());
  }

 private:
  LogLevel threshold_;
};

}  // namespace

std::string_view toText(LogLevel level) noexcept {
  static constexpr std::array<std::string_view, 5> kTexts{"debug", "info", "warning", "error", "off"};
  const auto index = static_cast<std::size_t>(level);
  return index < kTexts.size() ? kTexts[index] : "unknown";
}

std::shared_ptr<Logger> makeStderrLogger(LogLevel threshold) { return std::make_shared<StderrLogger>(threshold); }

}  // namespace holdfast
