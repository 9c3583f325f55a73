#pragma once

#include <span>
#include <string>
#include <string_view>

#include <holdfast/error.hpp>
#include <holdfast/statement_executor.hpp>

namespace holdfast {

/// Throws Error{InvalidArgument} that says which table or column there is not, and the nearest one that there is, where
/// `error` is SQLite's word for that about a statement on `tables`. Otherwise returns, and `error` is the best that is
/// known. SQLite itself checks names when it prepares a statement, against the schema as it is at that moment; only
/// what it then says is put into better words, so that a good statement costs nothing.
void throwUnknownName(StatementExecutor& executor, std::span<const std::string> tables, const Error& error);

/// "; did you mean "x"?", or nothing.
std::string suggestion(std::string_view wrong, std::span<const std::string_view> names);

}  // namespace holdfast
