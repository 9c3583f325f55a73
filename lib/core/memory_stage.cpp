#include <holdfast/memory_stage.hpp>

#include <array>

#include "core/enum_text.hpp"

namespace holdfast {
std::string_view toText(MemoryStage stage) noexcept {
  return textOf(stage, std::array<std::string_view, 3>{"normal", "pressure", "critical"});
}

std::string_view toText(MemoryAction action) noexcept {
  return textOf(action,
                std::array<std::string_view, 6>{"shrinkRepositoryCaches", "releasePageCaches", "smallerPageCaches",
                                                "shrinkStatementCaches", "closeIdleHandles", "refuseTransactions"});
}

std::string_view toText(MemorySource source) noexcept {
  return textOf(source, std::array<std::string_view, 5>{"heap", "resident", "cgroup", "stall", "application"});
}

}  // namespace holdfast
