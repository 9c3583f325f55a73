#include "connection/statement_cache.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "connection/sqlite_error.hpp"

namespace holdfast {
namespace {

// Whether only blanks, semicolons and comments follow: SQLite then prepares nothing.
bool isBlank(sqlite3* handle, const char* text) {
  while (*text != '\0') {
    sqlite3_stmt* statement = nullptr;
    const char* tail = nullptr;
    const int code = sqlite3_prepare_v3(handle, text, -1, 0, &statement, &tail);
    const bool nothing = code == SQLITE_OK && statement == nullptr;
    sqlite3_finalize(statement);
    if (!nothing) return false;
    text = tail;
  }
  return true;
}

sqlite3_stmt* prepare(sqlite3* handle, const Sql& sql) {
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  const int bytes = static_cast<int>(sql.text().size()) + 1;  // With the zero: SQLite then need not copy the text.
  const int code = sqlite3_prepare_v3(handle, sql.data(), bytes, SQLITE_PREPARE_PERSISTENT, &statement, &tail);
  if (code != SQLITE_OK) throw makeSqliteError(handle, code);
  if (statement == nullptr) throw Error(ErrorCode::InvalidSql, "the text holds no statement");
  if (*tail != '\0' && !isBlank(handle, tail)) {
    sqlite3_finalize(statement);
    throw Error(ErrorCode::InvalidSql, "the text holds more than one statement; a call carries out exactly one");
  }
  return statement;
}

}  // namespace

StatementCache::StatementCache(std::size_t maxEntries, std::int64_t maxBytes)
    : maxEntries_(maxEntries), maxBytes_(maxBytes), index_(std::bit_ceil(maxEntries * 2), nullptr) {}

CachedStatement& StatementCache::acquire(sqlite3* handle, const Sql& sql) {
  CachedStatement* known = find(sql);
  if (known != nullptr && !known->inUse) {
    hits.add();
    known->inUse = true;
    known->lastUse = ++clock_;
    return *known;
  }
  misses.add();
  CachedStatement& entry = freeEntry();
  sqlite3_stmt* statement = prepare(handle, sql);
  const std::int64_t bytes = sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_MEMUSED, 0);
  bool fits = known == nullptr && bytes <= maxBytes_;
  while (fits && (count_ >= maxEntries_ || bytes_ + bytes > maxBytes_)) fits = evictOne();
  entry = {statement, sql.hash(), sql.isLiteral() ? sql.data() : nullptr, sql.text().size(),
           ++clock_,  bytes,      sqlite3_stmt_readonly(statement) != 0,  true,
           fits};
  if (fits) {
    ++count_;
    bytes_ += bytes;
    insertIntoIndex(entry);
  }
  return entry;
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

CachedStatement* StatementCache::find(const Sql& sql) noexcept {
  const std::size_t mask = index_.size() - 1;
  for (std::size_t at = sql.hash() & mask; index_[at] != nullptr; at = (at + 1) & mask) {
    CachedStatement& entry = *index_[at];
    if (entry.hash != sql.hash() || entry.size != sql.text().size()) continue;
    if (entry.literal == sql.data() || std::memcmp(sqlite3_sql(entry.handle), sql.data(), entry.size) == 0) {
      return &entry;
    }
  }
  return nullptr;
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
  const bool wasCached = statement.cached;
  const std::int64_t bytes = statement.bytes;
  statement = {};
  if (!wasCached) return;
  --count_;
  bytes_ -= bytes;
  // Linear probing has no cheap removal; a prepare costs a hundred times what this does.
  std::fill(index_.begin(), index_.end(), nullptr);
  for (CachedStatement& entry : entries_) {
    if (entry.cached) insertIntoIndex(entry);
  }
}

void StatementCache::insertIntoIndex(CachedStatement& entry) noexcept {
  const std::size_t mask = index_.size() - 1;
  std::size_t at = entry.hash & mask;
  while (index_[at] != nullptr) at = (at + 1) & mask;
  index_[at] = &entry;
}

}  // namespace holdfast
