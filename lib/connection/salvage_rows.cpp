#include "connection/salvage_rows.hpp"

#include <algorithm>
#include <limits>

#include "connection/sqlite_error.hpp"
#include "query/identifier.hpp"

namespace holdfast {
namespace {

constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();

}  // namespace

std::string columnText(sqlite3_stmt* statement, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  return text == nullptr ? std::string() : std::string(text);
}

SalvageStatement::SalvageStatement(PlainDatabase& database, const std::string& sql) {
  const int code = sqlite3_prepare_v3(database.handle(), sql.c_str(), -1, 0, &statement_, nullptr);
  if (code == SQLITE_OK) return;
  if (isDamage(code)) throw SourceDamaged{errorCodeOf(code), sqlite3_errmsg(database.handle())};
  database.fail(code, sql.c_str());
}

TableRows::TableRows(PlainDatabase& source, PlainDatabase& target, const std::string& table)
    : source_(source), target_(target), table_(quotedIdentifier(table)) {
  findColumns();
  insert_.emplace(target_, insertText());
}

// From the new table: it was made by the same text.
void TableRows::findColumns() {
  const SalvageStatement info(target_, "PRAGMA table_xinfo(" + table_ + ")");
  std::vector<std::string> names;
  std::vector<std::string> keyTypes;
  int code = SQLITE_OK;
  while ((code = sqlite3_step(info.get())) == SQLITE_ROW) {
    constexpr int kName = 1;
    constexpr int kType = 2;
    constexpr int kKey = 5;
    constexpr int kHidden = 6;
    names.push_back(columnText(info.get(), kName));
    if (sqlite3_column_int(info.get(), kKey) != 0) keyTypes.push_back(columnText(info.get(), kType));
    if (sqlite3_column_int(info.get(), kHidden) == 0) columns_.push_back(quotedIdentifier(names.back()));
  }
  if (code != SQLITE_DONE) target_.fail(code, "PRAGMA table_xinfo");
  const bool isRowid = keyTypes.size() == 1 && sqlite3_stricmp(keyTypes.front().c_str(), "INTEGER") == 0;
  for (const char* name : {"rowid", "_rowid_", "oid"}) {
    const bool taken = std::any_of(names.begin(), names.end(), [name](const std::string& column) {
      return sqlite3_stricmp(column.c_str(), name) == 0;
    });
    if (taken) continue;
    sqlite3_stmt* probe = nullptr;
    const std::string sql = std::string("SELECT ") + name + " FROM " + table_;
    const bool there = sqlite3_prepare_v3(target_.handle(), sql.c_str(), -1, 0, &probe, nullptr) == SQLITE_OK;
    sqlite3_finalize(probe);
    if (there) rowid_ = name;
    break;
  }
  insertsRowid_ = !rowid_.empty() && !isRowid;
}

std::string TableRows::selectText(const char* rest) const {
  std::string text = "SELECT ";
  if (!rowid_.empty()) text += rowid_ + ", ";
  for (const std::string& column : columns_) text += (&column == &columns_.front() ? "" : ", ") + column;
  return text + " FROM " + table_ + " NOT INDEXED " + rest;
}

std::string TableRows::insertText() const {
  std::string names = insertsRowid_ ? rowid_ : std::string();
  std::string values = insertsRowid_ ? "?" : "";
  for (const std::string& column : columns_) {
    names += (names.empty() ? "" : ", ") + column;
    values += values.empty() ? "?" : ", ?";
  }
  return "INSERT OR IGNORE INTO " + table_ + "(" + names + ") VALUES (" + values + ")";
}

void TableRows::copy() { rowid_.empty() ? copyByKey() : copyByRowid(); }

void TableRows::failReading(int code) const { source_.fail(code, "reading a table"); }

void TableRows::insert(sqlite3_stmt* row) {
  sqlite3_stmt* const insert = insert_->get();
  // The rowid comes first in what is read, and is a column of its own or not there in what is written.
  const int skipped = rowid_.empty() || insertsRowid_ ? 0 : 1;
  for (int i = skipped; i < sqlite3_column_count(row); ++i) {
    sqlite3_bind_value(insert, i - skipped + 1, sqlite3_column_value(row, i));
  }
  const int code = sqlite3_step(insert);
  sqlite3_reset(insert);
  sqlite3_clear_bindings(insert);
  if (code != SQLITE_DONE && (code & 0xff) != SQLITE_CONSTRAINT) target_.fail(code, "INSERT");
  const bool kept = code == SQLITE_DONE && sqlite3_changes64(target_.handle()) > 0;
  if (kept) ++report_.rowsKept;
  // Broken NOT NULL or UNIQUE: it was no row that was ever written like this.
  if (!kept && report_.rowsLostAtMost) ++*report_.rowsLostAtMost;
}

TableRows::End TableRows::copyFrom(sqlite3_stmt* select, std::int64_t first, bool upwards,
                                   std::optional<std::int64_t>& last) {
  sqlite3_bind_int64(select, 1, first);
  int code = SQLITE_OK;
  End end = End::Done;
  while (end == End::Done && (code = sqlite3_step(select)) == SQLITE_ROW) {
    const std::int64_t rowid = sqlite3_column_int64(select, 0);
    // A page of another place of the table, or of another table.
    const bool inOrder =
        (upwards ? rowid >= first : rowid <= first) && (!last || (upwards ? rowid > *last : rowid < *last));
    if (!inOrder) {
      end = End::OutOfOrder;
      stray_ = rowid;
      break;
    }
    insert(select);
    last = rowid;
  }
  if (end == End::Done && isDamage(code)) end = End::Damage;
  const bool failed = end == End::Done && code != SQLITE_DONE;
  if (failed) failReading(code);
  sqlite3_reset(select);
  return end;
}

void TableRows::noteGap(std::int64_t from, std::int64_t to) {
  constexpr std::uint64_t kSensible = std::uint64_t{1} << 40U;
  ++report_.gaps;
  const std::uint64_t keys = static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from) + 1;
  if (keys == 0 || keys > kSensible) {
    report_.rowsLostAtMost.reset();
  } else if (report_.rowsLostAtMost) {
    *report_.rowsLostAtMost += keys;
  }
}

void TableRows::copyByRowid() {
  const SalvageStatement select(source_, selectText(("WHERE " + rowid_ + " >= ? ORDER BY " + rowid_).c_str()));
  probe_.emplace(source_, "SELECT " + rowid_ + " FROM " + table_ + " NOT INDEXED WHERE " + rowid_ + " >= ? ORDER BY " +
                              rowid_ + " LIMIT 1");
  std::int64_t from = kLowest;
  std::optional<std::int64_t> wentBackTo;  // Only ever to higher ones: it comes to an end.
  while (true) {
    std::optional<std::int64_t> last;
    const End end = copyFrom(select.get(), from, true, last);
    if (end == End::Done || last == kHighest) return;
    if (end == End::OutOfOrder && (!wentBackTo || stray_ > *wentBackTo)) {
      // Rows of another place came before; what belongs here begins with this one. What comes twice is ignored.
      ++report_.gaps;
      report_.rowsLostAtMost.reset();
      from = stray_;
      wentBackTo = stray_;
      continue;
    }
    const std::int64_t bad = last ? *last + 1 : from;
    std::optional<std::int64_t> next;
    // A row that begins in a sound page and cannot be read to its end: nothing is lost before it.
    if (!readable(bad, next) || next == bad) {
      next = nextReadable(bad);
      noteGap(bad, next ? *next - 1 : kHighest);
    }
    if (!next) return;
    from = *next;
  }
}

bool TableRows::readable(std::int64_t from, std::optional<std::int64_t>& found) {
  sqlite3_bind_int64(probe_->get(), 1, from);
  const int code = sqlite3_step(probe_->get());
  found.reset();
  if (code == SQLITE_ROW) found = sqlite3_column_int64(probe_->get(), 0);
  sqlite3_reset(probe_->get());
  if (code != SQLITE_ROW && code != SQLITE_DONE && !isDamage(code)) failReading(code);
  const bool sensible = !found || *found >= from;
  return !isDamage(code) && sensible;
}

std::optional<std::int64_t> TableRows::nextReadable(std::int64_t bad) {
  // In steps that double to one from which on it can be read, then back to the first such. Damaged pages cover stretches
  // of keys: what lies between two of them may be missed, never what lies behind the last one.
  std::optional<std::int64_t> found;
  std::int64_t low = bad;  // Cannot be read from here on.
  std::int64_t high = bad;
  for (std::uint64_t step = 1;; step *= 2) {
    const std::uint64_t room = static_cast<std::uint64_t>(kHighest) - static_cast<std::uint64_t>(low);
    if (room == 0) return std::nullopt;
    high = static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + std::min(step, room));
    if (readable(high, found)) break;
    low = high;
    if (step > (std::uint64_t{1} << 62U)) step /= 2;
  }
  while (static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) > 1) {
    const std::uint64_t half = (static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low)) / 2;
    const auto middle = static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + half);
    std::optional<std::int64_t> at;
    if (readable(middle, at)) {
      high = middle;
      found = at;
    } else {
      low = middle;
    }
  }
  return found;  // Nothing where the table ends behind the gap.
}

void TableRows::copyByKey() {
  // Forwards to the first unreadable page; then backwards from the end to the last one. What comes twice is ignored.
  // A tree that leads back into itself has no end: there are no more rows than have room in the file.
  constexpr std::int64_t kLeastRowBytes = 4;
  const std::int64_t most = source_.integer("PRAGMA page_count") * source_.integer("PRAGMA page_size") / kLeastRowBytes;
  const auto copyIn = [this, most](const char* order) {
    const SalvageStatement select(source_, selectText(order));
    int code = SQLITE_OK;
    for (std::int64_t rows = 0; rows < most && (code = sqlite3_step(select.get())) == SQLITE_ROW; ++rows) {
      insert(select.get());
    }
    if (code != SQLITE_DONE && code != SQLITE_ROW && !isDamage(code)) failReading(code);
    return code == SQLITE_DONE;
  };
  if (copyIn("")) return;
  const std::string info =
      "SELECT group_concat(quote_name || ' DESC') FROM (SELECT '\"' || replace(name, '\"', '\"\"') || "
      "'\"' AS quote_name FROM pragma_table_info(" +
      table_ + ") WHERE pk > 0 ORDER BY pk)";
  const std::string keys = target_.text(info.c_str());
  if (!keys.empty()) copyIn(("ORDER BY " + keys).c_str());
  ++report_.gaps;
  report_.rowsLostAtMost.reset();
}

}  // namespace holdfast
