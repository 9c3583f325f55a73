#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <holdfast/json_fwd.hpp>

#include <holdfast/connection.hpp>
#include <holdfast/memory_signals.hpp>
#include <holdfast/memory_stage.hpp>

namespace holdfast {

/// What one handle of a pool holds of SQLite's heap, in bytes.
struct HandleMemory {
  std::uint64_t connectionId = 0;
  Access access{};
  /// It is leased: the figures are those of when it was last looked at, zero where it never was.
  bool inUse = false;
  std::int64_t cacheBytes = 0;       ///< Pages (SQLITE_DBSTATUS_CACHE_USED).
  std::int64_t cacheLimitBytes = 0;  ///< What its pages may take.
  std::int64_t schemaBytes = 0;      ///< The schema as it was read (SQLITE_DBSTATUS_SCHEMA_USED).
  std::int64_t statementBytes = 0;   ///< All prepared statements (SQLITE_DBSTATUS_STMT_USED).

  std::int64_t totalBytes() const noexcept { return cacheBytes + schemaBytes + statementBytes; }
};

/// SQLite's heap in the whole process, in bytes.
struct SqliteHeap {
  std::int64_t usedBytes = 0;
  std::int64_t peakBytes = 0;
  std::int64_t softLimitBytes = 0;          ///< From here page caches reuse their pages. 0: none.
  std::int64_t hardLimitBytes = 0;          ///< From here allocations fail. 0: none.
  std::int64_t allocations = 0;             ///< Pieces that are out now.
  std::int64_t largestAllocationBytes = 0;  ///< The largest piece ever asked for.
};

/// Statements that need much memory while they run: sorts of many rows, joins by an index made for them.
struct HeavyStatementFigures {
  std::size_t allowed = 0;    ///< So many run at a time; 0: as many as like.
  std::size_t running = 0;    ///< Now.
  std::uint64_t entered = 0;  ///< So far, in the process.
  std::uint64_t waited = 0;   ///< Of these, the ones that waited for others.
};

/// Who holds what of the memory that this process may use. Figures of the process but for those of `handles`,
/// `repositoryCacheBytes`, posts, changes and stage, which are of the pool that was asked.
struct MemoryReport {
  SqliteHeap heap;
  std::int64_t limitBytes = 0;  ///< The smallest memoryLimit of the open pools. 0: unlimited.
  std::vector<HandleMemory> handles;
  /// Of the heap, what none of `handles` accounts for: sorts, rows and values of statements that run, handles in use
  /// that have grown since they were looked at, other pools, the application's own handles.
  std::int64_t otherBytes = 0;
  std::int64_t repositoryCacheBytes = 0;  ///< Caches of this pool's repositories. They count against the limit.
  std::int64_t allCachesBytes = 0;        ///< The same of the whole process.
  std::size_t postedPieces = 0;           ///< Posted work that waits to be written, ...
  std::int64_t postedBytes = 0;           ///< ... and the bound values in it: within the limit.
  std::int64_t allPostedBytes = 0;        ///< The same of the whole process.
  std::int64_t changeLogBytes = 0;        ///< Names and versions of tables. C++'s heap.
  HeavyStatementFigures heavyStatements;
  MemorySignals signals;
  MemoryStage stage = MemoryStage::Normal;
  std::vector<MemorySource> reasons;  ///< Who asks for that stage.
  std::vector<MemoryAction> actions;  ///< What is being done at it.
  bool refusesTransactions = false;   ///< New transactions are being refused.

  /// One line: "memory 3.1/4.0 MiB (critical: heap): page caches 1.2 MiB in 8 handles, statements 0.3 MiB, ...".
  std::string summary() const;
};

Json toJson(const MemoryReport& report);

}  // namespace holdfast
