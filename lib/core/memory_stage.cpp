#include <holdfast/memory_stage.hpp>

#include <array>
#include <cstddef>

namespace holdfast {

std::string_view toText(MemoryStage stage) noexcept {
  static constexpr std::array<std::string_view, 3> kTexts{"normal", "pressure", "critical"};
  const auto index = static_cast<std::size_t>(stage);
  return index < kTexts.size() ? kTexts[index] : "unknown";
}

}  // namespace holdfast
