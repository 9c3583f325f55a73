#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <holdfast/sql.hpp>
#include <holdfast/statement_executor.hpp>
#include <holdfast/value.hpp>

namespace holdfast {
class Transaction;
}

namespace holdfast::detail {

/// One statement that changes data, run many times in a transaction for less than tx.run() costs each time. The
/// statement stays in use on the handle for as long as this lives.
class StatementBatch {
 public:
  /// Both must outlive it, and it must go before the transaction ends: the handle is somebody else's then. Throws as
  /// tx.run() does.
  StatementBatch(Transaction& transaction, const Sql& sql);
  StatementBatch(const StatementBatch&) = delete;
  StatementBatch& operator=(const StatementBatch&) = delete;
  ~StatementBatch();

  /// Throws as tx.run() does; a failed run leaves nothing behind of itself.
  RunResult run(std::span<const ValueView> values);

  /// How a run must have gone.
  struct Outcome {
    std::int64_t changes = 0;
    std::optional<std::int64_t> lastInsertRowId = {};  ///< Nothing: any.
  };
  /// Runs it where it goes as expected. False where not, or where it fails or fires triggers: then nothing has changed.
  /// Throws only where SQLite has undone the whole transaction.
  bool tryRun(std::span<const ValueView> values, const Outcome& expected);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast::detail
