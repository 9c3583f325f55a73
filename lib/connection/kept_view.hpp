#pragma once

#include <cstdint>
#include <utility>

#include <sqlite3.h>

namespace holdfast {

/// A read of the newest snapshot that a handle leaves open between its statements: `PRAGMA data_version`, standing on
/// its row.
///
/// While it is kept, other handles of the process begin their reads of that snapshot without a system call (SQLite
/// takes a shared lock by fcntl only where no handle of the process holds it), and so does this one its writes, which
/// take it along. A transaction borrows it: SQLite does not do everything while a statement stands on a row.
///
/// By the holder of the handle's lease. Never called in a forked child, where the handle is the parent's.
class KeptView {
 public:
  KeptView() = default;
  KeptView(const KeptView&) = delete;
  KeptView& operator=(const KeptView&) = delete;
  ~KeptView() { finalize(); }

  /// Not inside of a transaction. Returns the file's data version as the handle sees it: it changes when somebody else
  /// commits. 0, and nothing is kept, where it failed.
  std::int64_t take(sqlite3* handle) noexcept;
  bool isKept() const noexcept { return kept_; }
  /// Whether there was one.
  bool drop() noexcept {
    if (!std::exchange(kept_, false)) return false;
    sqlite3_reset(dataVersion_);
    return true;
  }

  /// To the transaction that has begun: it holds the snapshot from here on.
  void lend() noexcept { lent_ = drop(); }
  /// With a transaction that did not commit.
  void forgetLoan() noexcept { lent_ = false; }
  /// Before the transaction's COMMIT, which leaves the snapshot to the view again. Only while the schema is the same,
  /// or the statement would be prepared anew. Returns SQLite's result code; SQLITE_ROW or SQLITE_OK where nothing went
  /// wrong.
  int takeBack(bool schemaMayHaveChanged) noexcept;

  /// Before the handle closes.
  void finalize() noexcept {
    sqlite3_finalize(std::exchange(dataVersion_, nullptr));
    kept_ = false;
  }

 private:
  sqlite3_stmt* dataVersion_ = nullptr;
  bool kept_ = false;  ///< The statement stands on its row.
  bool lent_ = false;  ///< To the open transaction.
};

}  // namespace holdfast
