#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <sqlite3.h>

#include <holdfast/sql.hpp>

#include "connection/change_log.hpp"
#include "metrics/counter.hpp"

namespace holdfast {

/// One prepared statement.
struct CachedStatement {
  sqlite3_stmt* handle = nullptr;
  std::uint64_t hash = 0;
  std::string_view text;  ///< The literal it was made from, or `copy`.
  std::string copy;       ///< Of text that was put together at run time.
  std::uint64_t lastUse = 0;
  std::int64_t bytes = 0;
  int parameters = 0;
  TableSet reads = 0;  ///< The tables that it reads, and those that it writes, with all that follows from it: triggers,
  TableSet writes = 0;  ///< foreign keys, views.
  bool firesTriggers = false;
  bool readOnly = false;
  bool changesFew = false;  ///< Rows, when it ran last.
  bool inUse = false;
  bool cached = false;  ///< False: finalized when its use ends.
};

/// The prepared statements of one handle, least recently used first out, bounded in number and in bytes. The text of a
/// literal is found by the hash that the compiler computed. Used by the holder of the handle only.
class StatementCache {
 public:
  StatementCache(std::size_t maxEntries, std::int64_t maxBytes);
  StatementCache(const StatementCache&) = delete;
  StatementCache& operator=(const StatementCache&) = delete;
  ~StatementCache() { clear(); }

  /// A statement that is ready to bind, marked as in use. Throws Error: InvalidSql for text that is not one statement,
  /// and whatever preparing meets. Text whose statement is in use already gets a second one.
  CachedStatement& acquire(sqlite3* handle, const Sql& sql);
  /// The same where it is here and not in use; else null.
  CachedStatement* acquireKnown(const Sql& sql) noexcept {
    CachedStatement* known = find(sql);
    if (known == nullptr || known->inUse) return nullptr;
    hits.add();
    known->inUse = true;
    known->lastUse = ++clock_;
    return known;
  }
  /// Has a statement in use finalized when it is released: one that acts when it is prepared must be prepared anew.
  void doNotKeep(CachedStatement& statement) noexcept;
  /// Resets and keeps it, or finalizes it where it does not fit.
  void release(CachedStatement& statement) noexcept;
  /// Finalizes everything that is not in use. Must run before the handle closes.
  void clear() noexcept;
  /// Finalizes the least recently used until `maxBytes` holds.
  void shrink(std::int64_t maxBytes) noexcept;

  void setMaxBytes(std::int64_t maxBytes) noexcept {
    maxBytes_ = maxBytes;
    shrink(maxBytes);
  }

  std::size_t size() const noexcept { return count_; }
  std::int64_t bytes() const noexcept { return bytes_; }

  OwnedCounter hits;
  OwnedCounter misses;
  OwnedCounter evictions;

 private:
  CachedStatement* find(const Sql& sql) const noexcept {
    const std::size_t mask = index_.size() - 1;
    for (auto at = static_cast<std::size_t>(sql.hash()) & mask; index_[at] != nullptr; at = (at + 1) & mask) {
      CachedStatement& entry = *index_[at];
      if (entry.hash != sql.hash()) continue;
      if (entry.text.data() == sql.data() || entry.text == sql.text()) return &entry;
    }
    return nullptr;
  }
  CachedStatement& freeEntry();
  bool evictOne() noexcept;
  void drop(CachedStatement& statement) noexcept;
  void forget(CachedStatement& statement) noexcept;
  void insertIntoIndex(CachedStatement& entry) noexcept;

  std::size_t maxEntries_;
  std::int64_t maxBytes_;
  std::deque<CachedStatement> entries_;  // Stable addresses: uses and the index point at them.
  std::vector<CachedStatement*> index_;  // Open addressing, linear probing, at most half full.
  std::size_t count_ = 0;
  std::int64_t bytes_ = 0;
  std::uint64_t clock_ = 0;
};

}  // namespace holdfast
