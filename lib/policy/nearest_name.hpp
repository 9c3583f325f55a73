#pragma once

#include <span>
#include <string_view>

namespace holdfast {

/// The one of `names` that `wrong` was most likely meant to be, for "did you mean ...?"; empty where none is close.
std::string_view nearestName(std::string_view wrong, std::span<const std::string_view> names);

}  // namespace holdfast
