#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include <holdfast/row.hpp>
#include <holdfast/value.hpp>

namespace holdfast {

/// A stored value as JSON: an integer, number, string or null; a blob is {"$blob": base64}. Throws Error{TypeMismatch}
/// naming the column for a text that is not UTF-8.
nlohmann::json jsonOf(const ValueView& value, std::string_view column);

/// An array of objects. Throws Error{InvalidArgument} where two columns have one name.
nlohmann::json jsonOf(const Rows& rows);

/// Arrays and objects in one another, at most: what copies or writes JSON uses the stack for each level.
inline constexpr int kDeepestJson = 1000;
bool isTooDeep(const nlohmann::json& value);

/// A text that is stored as JSON, parsed; what is no text, as above. Throws Error{TypeMismatch} naming the column for a
/// text that is no JSON, or too deep.
nlohmann::json parsedJsonOf(const ValueView& value, std::string_view column);

}  // namespace holdfast
