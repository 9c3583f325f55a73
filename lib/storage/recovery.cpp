#include <holdfast/recovery.hpp>

#include <array>

namespace holdfast {

std::string_view toText(RecoveryCause cause) noexcept {
  static constexpr std::array<std::string_view, kRecoveryCauses> kTexts{"none", "not closed", "lost",
                                                                        "damaged in its indexes", "damaged"};
  const auto index = static_cast<std::size_t>(cause);
  return index < kTexts.size() ? kTexts[index] : "unknown";
}

std::string_view toText(RecoveryAction action) noexcept {
  static constexpr std::array<std::string_view, 5> kTexts{"none", "reindexed", "restored", "salvaged",
                                                          "opened for reading only"};
  const auto index = static_cast<std::size_t>(action);
  return index < kTexts.size() ? kTexts[index] : "unknown";
}

}  // namespace holdfast
