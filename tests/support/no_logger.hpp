#pragma once

#include <string_view>

#include <holdfast/logger.hpp>

namespace holdfast::test {

/// For where the lines are expected and nobody reads them, or where a logger that keeps them would need memory.
class NoLogger final : public Logger {
 public:
  void log(LogLevel, std::string_view, std::string_view) noexcept override {}
};

}  // namespace holdfast::test
