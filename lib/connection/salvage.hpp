#pragma once

#include <holdfast/recovery.hpp>

#include "connection/plain_database.hpp"

namespace holdfast {

/// Reads what can still be read of a damaged database into a new one, table by table, around pages that cannot be read;
/// then makes indexes, views and triggers anew. One transaction, durable when it returns. `target` is an empty file
/// opened for writing. SQLite's `.recover` does the same; the packaged library does not have what it needs.
///
/// Tables with a rowid keep it. In a table WITHOUT ROWID the rows before the first and behind the last unreadable page are
/// kept. Of a database with page checksums rows on pages that do not match are left out, while the pages that only lead to
/// them are used as they are. Throws Error where not even the schema can be read, where reading fails, and where the target cannot be written;
/// an error of the target's is never taken for damage.
SalvageReport salvageTables(PlainDatabase& source, PlainDatabase& target);

}  // namespace holdfast
