#include <holdfast/memory_stage.hpp>

#include <array>
#include <cstddef>

namespace holdfast {
namespace {

template <typename Enum, std::size_t N>
std::string_view textOf(Enum value, const std::array<std::string_view, N>& texts) noexcept {
  const auto index = static_cast<std::size_t>(value);
  return index < N ? texts[index] : "unknown";
}

}  // namespace

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
