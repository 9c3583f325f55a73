#pragma once

#include <span>

#include <sqlite3.h>

#include <holdfast/value.hpp>

namespace holdfast {

/// Binds all `parameters` of a statement. Text and blobs are not copied: they must live until the statement is reset.
/// Throws Error{InvalidArgument} where their number differs, and where one is larger than SQLite takes.
void bindValues(sqlite3* handle, sqlite3_stmt* statement, int parameters, std::span<const ValueView> values);

}  // namespace holdfast
