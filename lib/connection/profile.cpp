#include "connection/profile.hpp"

#include <array>

#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include "connection/sqlite_error.hpp"

// Why each setting is there and in which order: busy_timeout first, or the settings after it can fail on a lock;
// journal_mode before synchronous, whose meaning depends on it; query_only last, it would forbid the rest.

namespace holdfast {
namespace {

void requireSetting(sqlite3* handle, const char* set, const char* get, const std::string& wanted) {
  std::string got = readPragma(handle, set);
  if (get != nullptr) got = readPragma(handle, get);
  if (got == wanted) return;
  // GCOVR_EXCL_START: an SQLite that leaves settings out, which no distribution builds.
  throw Error(ErrorCode::Unsupported,
              std::string("SQLite did not take \"") + set + "\": it is " + (got.empty() ? "unset" : got));
  // GCOVR_EXCL_STOP
}

/// One that SQLite takes or does not take whatever the handle: read back where it is written.
void applySetting(sqlite3* handle, Access access, const char* set, const char* get, const std::string& wanted) {
  if (access == Access::Write) return requireSetting(handle, set, get, wanted);
  readPragma(handle, set);
}

void requireSwitch(sqlite3* handle, int option, int wanted, const char* name) {
  int got = -1;
  const int code = sqlite3_db_config(handle, option, wanted, &got);
  if (code == SQLITE_OK && got == wanted) return;
  // GCOVR_EXCL_START: the same.
  throw Error(ErrorCode::Unsupported, std::string("SQLite did not take the switch ") + name);
  // GCOVR_EXCL_STOP
}

const char* synchronousText(Durability durability) {
  switch (durability) {
    case Durability::Full: return "PRAGMA synchronous=2";
    // With a rollback journal it would spare one sync out of three, and risk the file.
    case Durability::Normal: return kHasThreads ? "PRAGMA synchronous=1" : "PRAGMA synchronous=2";
    case Durability::Off: break;
  }
  return "PRAGMA synchronous=0";
}

std::string synchronousLevel(Durability durability) {
  return std::string(1, synchronousText(durability)[std::char_traits<char>::length("PRAGMA synchronous=")]);
}

// Far above what applications write, far below what would exhaust a device. SQLite's own are made for servers: a text
// of 1 GB, 250 million instructions for one statement.
void applyLimits(sqlite3* handle) {
  struct Limit {
    int id;
    int value;
  };
  static constexpr std::array<Limit, 11> kLimits{{
      {SQLITE_LIMIT_LENGTH, 64 * 1024 * 1024},
      {SQLITE_LIMIT_SQL_LENGTH, 1'000'000},
      {SQLITE_LIMIT_COLUMN, 1'000},
      {SQLITE_LIMIT_EXPR_DEPTH, 500},
      {SQLITE_LIMIT_FUNCTION_ARG, 100},
      {SQLITE_LIMIT_COMPOUND_SELECT, 100},
      {SQLITE_LIMIT_VDBE_OP, 1'000'000},
      {SQLITE_LIMIT_ATTACHED, 1},  // VACUUM needs one; the guard refuses ATTACH itself.
      {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1'000},
      {SQLITE_LIMIT_VARIABLE_NUMBER, 32'766},
      {SQLITE_LIMIT_TRIGGER_DEPTH, 100},
  }};
  for (const Limit& limit : kLimits) {
    sqlite3_limit(handle, limit.id, limit.value);
    // SQLite may have been built with lower ones.
    if (sqlite3_limit(handle, limit.id, -1) <= limit.value) continue;
    // GCOVR_EXCL_START: the same.
    throw Error(ErrorCode::Unsupported, "SQLite did not take limit " + std::to_string(limit.id));
    // GCOVR_EXCL_STOP
  }
}

void harden(sqlite3* handle, const ConnectionProfile& profile) {
  requireSwitch(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, "DEFENSIVE");
  requireSwitch(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, "TRUSTED_SCHEMA");
  requireSwitch(handle, SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0, "WRITABLE_SCHEMA");
  requireSwitch(handle, SQLITE_DBCONFIG_DQS_DML, 0, "DQS_DML");
  requireSwitch(handle, SQLITE_DBCONFIG_DQS_DDL, 0, "DQS_DDL");
  requireSwitch(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, profile.triggersAndViews ? 1 : 0, "ENABLE_TRIGGER");
  requireSwitch(handle, SQLITE_DBCONFIG_ENABLE_VIEW, profile.triggersAndViews ? 1 : 0, "ENABLE_VIEW");
  // These two belong to features that a build may leave out, and then there is nothing to switch off.
  for (const int feature : {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION}) {
    int on = 0;
    if (sqlite3_db_config(handle, feature, 0, &on) == SQLITE_OK && on != 0) {
      // GCOVR_EXCL_START: the same.
      throw Error(ErrorCode::Unsupported, "SQLite did not switch the loading of code off");
      // GCOVR_EXCL_STOP
    }
  }
  applyLimits(handle);
}

void chooseJournal(sqlite3* handle, const ConnectionProfile& profile) {
  if (profile.readsOnly) return;
  // WAL is stored in the file: read handles find it there.
  const bool set = profile.access == Access::Write || !kHasThreads;
  const std::string sql = std::string("PRAGMA journal_mode") + (set ? std::string("=") + kJournalMode : std::string());
  const std::string mode = readPragma(handle, sql.c_str());
  if (mode == kJournalMode) return;
  if (!kHasThreads) {
    throw Error(ErrorCode::Unsupported, "the database cannot use a rollback journal (journal mode is " + mode +
                                            "): close whoever has it open with a write-ahead log");
  }
  throw Error(ErrorCode::Unsupported, "the database cannot use write-ahead logging here (journal mode is " + mode +
                                          "): the file system must support shared memory and locks");
}

std::unique_ptr<SQLite::Database> openFile(const ConnectionProfile& profile) {
  const int flags = (profile.readsOnly ? SQLite::OPEN_READONLY : SQLite::OPEN_READWRITE) | SQLite::OPEN_NOMUTEX |
                    SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
  try {
    const char* const vfs = profile.vfs != nullptr ? profile.vfs->name() : "";
    return std::make_unique<SQLite::Database>(profile.path, flags, static_cast<int>(profile.openTimeout.count()), vfs);
  } catch (const SQLite::Exception& failure) {
    const int code = failure.getExtendedErrorCode() > 0 ? failure.getExtendedErrorCode() : failure.getErrorCode();
    throw Error(errorCodeOf(code), failure.what(), code, 0);
  }
}

}  // namespace

std::string readPragma(sqlite3* handle, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v3(handle, sql, -1, 0, &statement, nullptr);
  if (code != SQLITE_OK) throw makeSqliteError(handle, code).addFrame(sql);
  std::string result;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    const unsigned char* text = sqlite3_column_text(statement, 0);
    if (result.empty() && text != nullptr) result = reinterpret_cast<const char*>(text);
  }
  sqlite3_finalize(statement);
  if (code != SQLITE_DONE) throw makeSqliteError(handle, code).addFrame(sql);
  return result;
}

void applyForeignKeys(sqlite3* handle, bool enforced) {
  requireSwitch(handle, SQLITE_DBCONFIG_ENABLE_FKEY, enforced ? 1 : 0, "ENABLE_FKEY");
}

// These two are in every SQLite and never refused: each read back would cost as much as setting it, on every handle.
void applyQueryOnly(sqlite3* handle) { readPragma(handle, "PRAGMA query_only=1"); }

void applyCacheBytes(sqlite3* handle, std::int64_t bytes) {
  readPragma(handle, ("PRAGMA cache_size=" + std::to_string(-((bytes + KiB - 1) / KiB))).c_str());
}

void applyDurability(sqlite3* handle, Durability durability) {
  requireSetting(handle, synchronousText(durability), "PRAGMA synchronous", synchronousLevel(durability));
}

void applyLeaseSettings(sqlite3* handle, const ConnectionProfile& profile) {
  sqlite3_busy_timeout(handle, static_cast<int>(profile.busyTimeout.count()));
  // Mostly what SQLite begins with.
  if (readPragma(handle, "PRAGMA synchronous") != synchronousLevel(profile.durability)) {
    applyDurability(handle, profile.durability);
  }
  applyForeignKeys(handle, profile.foreignKeys);
  applyCacheBytes(handle, profile.cacheBytes);
  const char* store = profile.tempStore == TempStore::Memory ? "2" : "1";
  applySetting(handle, profile.access, (std::string("PRAGMA temp_store=") + store).c_str(), "PRAGMA temp_store", store);
}

std::unique_ptr<SQLite::Database> openHandle(const ConnectionProfile& profile) {
  std::unique_ptr<SQLite::Database> database = openFile(profile);
  sqlite3* handle = database->getHandle();
  sqlite3_extended_result_codes(handle, 1);
  if (!profile.mayBeReadOnly && !profile.readsOnly && sqlite3_db_readonly(handle, "main") == 1) {
    throw Error(ErrorCode::ReadOnly,
                "the database file or its file system cannot be written; check permission and mount");
  }
  harden(handle, profile);
  requireSetting(handle, "PRAGMA mmap_size=0", nullptr, "0");
  chooseJournal(handle, profile);
  applyLeaseSettings(handle, profile);
  applySetting(handle, profile.access, "PRAGMA cell_size_check=1", "PRAGMA cell_size_check", "1");
  sqlite3_wal_autocheckpoint(handle, 0);
  requireSwitch(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, "NO_CKPT_ON_CLOSE");
  if (profile.access == Access::Read || profile.readsOnly || !profile.readOnlyBecause.empty()) applyQueryOnly(handle);
  return database;
}

}  // namespace holdfast
