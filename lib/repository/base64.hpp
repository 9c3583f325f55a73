#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <holdfast/value.hpp>

namespace holdfast {

/// RFC 4648, with padding.
std::string toBase64(BlobView bytes);
/// Nothing where the text is not exactly what toBase64() makes.
std::optional<Blob> fromBase64(std::string_view text);

}  // namespace holdfast
