#include "connection/statement_cache.hpp"

#include <algorithm>
#include <bit>

#include "connection/sqlite_error.hpp"

namespace holdfast {
namespace {

// Whether only blanks, semicolons and comments are there. Not a question for SQLite: preparing the rest would already
// carry out a PRAGMA in it.
bool isBlank(std::string_view text) noexcept {
  while (!text.empty()) {
    std::size_t skip = 0;
    if (text.starts_with("--")) {
      skip = text.find('\n');
    } else if (text.starts_with("/*")) {
      skip = text.find("*/", 2);
      if (skip != std::string_view::npos) skip += 1;
    } else if (std::string_view(" \t\n\f\r;").find(text.front()) == std::string_view::npos) {
      return false;
    }
    text.remove_prefix(skip < text.size() ? skip + 1 : text.size());
  }
  return true;
}

sqlite3_stmt* prepare(sqlite3* handle, const Sql& sql) {
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  const std::string_view text = sql.text();
  const int bytes = static_cast<int>(text.size()) + 1;  // With the zero: SQLite then need not copy the text.
  const int code = sqlite3_prepare_v3(handle, sql.data(), bytes, SQLITE_PREPARE_PERSISTENT, &statement, &tail);
  if (code != SQLITE_OK) throw makeSqliteError(handle, code);
  if (!isBlank(text.substr(static_cast<std::size_t>(tail - text.data())))) {
    sqlite3_finalize(statement);
    throw Error(ErrorCode::InvalidSql, "the text holds more than one statement; a call carries out exactly one");
  }
  if (statement == nullptr) throw Error(ErrorCode::InvalidSql, "the text holds no statement");
  return statement;
}

}  // namespace

StatementCache::StatementCache(std::size_t maxEntries, std::int64_t maxBytes)
    : maxEntries_(maxEntries), maxBytes_(maxBytes), index_(std::bit_ceil(maxEntries * 2), nullptr) {}

CachedStatement& StatementCache::acquire(sqlite3* handle, const Sql& sql) {
  if (CachedStatement* known = acquireKnown(sql)) return *known;
  misses.add();
  const bool isCached = find(sql) != nullptr;
  CachedStatement& entry = freeEntry();
  if (!sql.isLiteral()) entry.copy = sql.text();
  entry.text = sql.isLiteral() ? sql.text() : std::string_view(entry.copy);
  entry.handle = prepare(handle, sql);
  entry.hash = sql.hash();
  entry.lastUse = ++clock_;
  entry.bytes = sqlite3_stmt_status(entry.handle, SQLITE_STMTSTATUS_MEMUSED, 0);
  entry.parameters = sqlite3_bind_parameter_count(entry.handle);
  entry.readOnly = sqlite3_stmt_readonly(entry.handle) != 0;
  entry.inUse = true;
  bool fits = !isCached && entry.bytes <= maxBytes_;
  while (fits && (count_ >= maxEntries_ || bytes_ + entry.bytes > maxBytes_)) fits = evictOne();
  if (fits) {
    entry.cached = true;
    ++count_;
    bytes_ += entry.bytes;
    insertIntoIndex(entry);
  }
  return entry;
}

void StatementCache::doNotKeep(CachedStatement& statement) noexcept {
  if (statement.cached) forget(statement);
}

void StatementCache::release(CachedStatement& statement) noexcept {
  sqlite3_reset(statement.handle);  // Its error, if any, was reported by the step before.
  statement.inUse = false;
  if (!statement.cached) drop(statement);
}

void StatementCache::clear() noexcept { shrink(-1); }

void StatementCache::shrink(std::int64_t maxBytes) noexcept {
  while (bytes_ > maxBytes && evictOne()) {
  }
}

CachedStatement& StatementCache::freeEntry() {
  const auto free = std::find_if(entries_.begin(), entries_.end(),
                                 [](const CachedStatement& entry) { return entry.handle == nullptr; });
  return free != entries_.end() ? *free : entries_.emplace_back();
}

bool StatementCache::evictOne() noexcept {
  CachedStatement* oldest = nullptr;
  for (CachedStatement& entry : entries_) {
    if (!entry.cached || entry.inUse) continue;
    if (oldest == nullptr || entry.lastUse < oldest->lastUse) oldest = &entry;
  }
  if (oldest == nullptr) return false;
  evictions.add();
  drop(*oldest);
  return true;
}

void StatementCache::drop(CachedStatement& statement) noexcept {
  sqlite3_finalize(statement.handle);
  if (statement.cached) forget(statement);
  statement = {};
}

void StatementCache::forget(CachedStatement& statement) noexcept {
  statement.cached = false;
  --count_;
  bytes_ -= statement.bytes;
  // Linear probing has no cheap removal; a prepare costs a hundred times what this does.
  std::fill(index_.begin(), index_.end(), nullptr);
  for (CachedStatement& entry : entries_) {
    if (entry.cached) insertIntoIndex(entry);
  }
}

void StatementCache::insertIntoIndex(CachedStatement& entry) noexcept {
  const std::size_t mask = index_.size() - 1;
  auto at = static_cast<std::size_t>(entry.hash) & mask;
  while (index_[at] != nullptr) at = (at + 1) & mask;
  index_[at] = &entry;
}

}  // namespace holdfast
