#include "connection/control_statements.hpp"

#include "connection/heap_wall.hpp"
#include "connection/sqlite_error.hpp"

namespace holdfast {

void ControlStatements::prepare(sqlite3* handle) {
  static constexpr std::array<const char*, kKinds> kTexts{
      "BEGIN IMMEDIATE",     "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT holdfast", "RELEASE holdfast",
      "ROLLBACK TO holdfast"};
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    const int code =
        sqlite3_prepare_v3(handle, kTexts[kind], -1, SQLITE_PREPARE_PERSISTENT, &statements_[kind], nullptr);
    if (code != SQLITE_OK) throw makeSqliteError(handle, code).addFrame(kTexts[kind]);
  }
}

// Steps add up over the runs of a statement, and at every thousandth SQLite asks whether to stop: not in the middle of
// these, which would have taken effect and be reported as interrupted. None of them takes ten.
void ControlStatements::forgetSteps() noexcept {
  runs_ = 0;
  for (sqlite3_stmt* statement : statements_) sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
}

int ControlStatements::run(Kind kind) noexcept {
  const sqlite_memory::HeapReserve reserve;
  if (++runs_ == kRunsBetweenResets) forgetSteps();
  sqlite3_stmt* statement = statements_[static_cast<std::size_t>(kind)];
  const int code = sqlite3_step(statement);
  sqlite3_reset(statement);
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

void ControlStatements::finalize() noexcept {
  for (sqlite3_stmt*& statement : statements_) {
    sqlite3_finalize(statement);
    statement = nullptr;
  }
}

}  // namespace holdfast
