#pragma once

#include <string>

#include "bench_transactions/table_of_rows.hpp"

namespace bench {

/// Single rows as one writes them by hand: prepared statements on a handle of its own.
class BareWriter {
 public:
  BareWriter(const std::string& path, holdfast::Durability durability) : handle_(path, writerSettings(durability)) {
    sqlite3_bind_text(insert_.get(), 1, kPayload, -1, SQLITE_STATIC);
  }

  BareHandle& handle() noexcept { return handle_; }

  /// Leaves the commit to SQLite.
  void insert() { step(insert_); }
  /// Waits on for as long as others write: the busy timeout running out is no end of the wait.
  void insertInTransaction() {
    while (!tryStep(begin_)) continue;
    step(insert_);
    step(commit_);
  }

 private:
  static void step(const BareStatement& statement) {
    if (sqlite3_step(statement.get()) != SQLITE_DONE) throwBareError(statement.get());
    sqlite3_reset(statement.get());
  }
  static bool tryStep(const BareStatement& statement) {
    const int code = sqlite3_step(statement.get());
    if (code != SQLITE_DONE && code != SQLITE_BUSY) throwBareError(statement.get());
    sqlite3_reset(statement.get());
    return code == SQLITE_DONE;
  }

  BareHandle handle_;
  BareStatement insert_{handle_, kInsertRow};
  BareStatement begin_{handle_, "BEGIN IMMEDIATE"};
  BareStatement commit_{handle_, "COMMIT"};
};

}  // namespace bench
