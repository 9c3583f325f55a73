#pragma once

namespace holdfast {

/// A place in the source text. Call sites are captured by a default argument:
/// `void take(Place place = Place::here())`. (std::source_location is missing with clang 14 on this libstdc++.)
struct Place {
  const char* file = "";
  int line = 0;
  const char* function = "";

  static constexpr Place here(const char* file = __builtin_FILE(), int line = __builtin_LINE(),
                              const char* function = __builtin_FUNCTION()) noexcept {
    return {file, line, function};
  }
};

}  // namespace holdfast
