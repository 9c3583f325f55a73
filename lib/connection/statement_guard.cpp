#include "connection/statement_guard.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <string_view>

namespace holdfast {
namespace {

// Without an argument these say what is, and no more. Newer SQLites may have others that act.
constexpr std::array<std::string_view, 45> kToldPragmas{"application_id",
                                                        "auto_vacuum",
                                                        "cell_size_check",
                                                        "checkpoint_fullfsync",
                                                        "collation_list",
                                                        "compile_options",
                                                        "count_changes",
                                                        "data_version",
                                                        "database_list",
                                                        "default_cache_size",
                                                        "empty_result_callbacks",
                                                        "encoding",
                                                        "foreign_key_check",
                                                        "freelist_count",
                                                        "full_column_names",
                                                        "fullfsync",
                                                        "function_list",
                                                        "hard_heap_limit",
                                                        "ignore_check_constraints",
                                                        "integrity_check",
                                                        "journal_mode",
                                                        "journal_size_limit",
                                                        "legacy_alter_table",
                                                        "legacy_file_format",
                                                        "locking_mode",
                                                        "max_page_count",
                                                        "mmap_size",
                                                        "module_list",
                                                        "page_count",
                                                        "page_size",
                                                        "pragma_list",
                                                        "query_only",
                                                        "quick_check",
                                                        "read_uncommitted",
                                                        "schema_version",
                                                        "short_column_names",
                                                        "shrink_memory",
                                                        "soft_heap_limit",
                                                        "stats",
                                                        "table_list",
                                                        "temp_store_directory",
                                                        "trusted_schema",
                                                        "user_version",
                                                        "wal_autocheckpoint",
                                                        "writable_schema"};

// Take an argument and change nothing, or only what is stored in the file in the ordinary way.
constexpr std::array<std::string_view, 15> kHarmlessPragmas{
    "table_info", "table_xinfo",        "table_list",        "index_info",     "index_xinfo",
    "index_list", "foreign_key_list",   "foreign_key_check", "quick_check",    "integrity_check",
    "optimize",   "incremental_vacuum", "user_version",      "application_id", "auto_vacuum"};

// Put back by applying the profile again.
constexpr std::array<std::string_view, 6> kProfilePragmas{"defer_foreign_keys", "cache_size", "synchronous",
                                                          "foreign_keys",       "temp_store", "busy_timeout"};

// Allowed, but only a fresh handle forgets them.
constexpr std::array<std::string_view, 8> kLastingPragmas{"analysis_limit",      "cache_spill",
                                                          "recursive_triggers",  "automatic_index",
                                                          "case_sensitive_like", "reverse_unordered_selects",
                                                          "secure_delete",       "threads"};

constexpr const char* kNoOtherFiles =
    "ATTACH and VACUUM INTO are not allowed: open the other file as a database of its own";

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) noexcept {
  return std::any_of(names.begin(), names.end(), [name](std::string_view candidate) {
    return sqlite3_strnicmp(candidate.data(), name.data(), static_cast<int>(name.size())) == 0 &&
           candidate.size() == name.size();
  });
}

bool isTemporary(int action) noexcept {
  switch (action) {
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW: return true;
    default: return false;
  }
}

}  // namespace

void StatementGuard::install(sqlite3* handle, ChangeLog* changes) noexcept {
  changeLog_ = changes;
  sqlite3_set_authorizer(handle, &authorize, this);
}

void StatementGuard::noteTable(int action, const char* table, const char* database) noexcept {
  if (changeLog_ == nullptr || table == nullptr) return;
  if (database != nullptr && sqlite3_stricmp(database, "main") != 0) return;
  if (action == SQLITE_READ) {
    tables_.reads |= bitOf(table);
  } else if (action == SQLITE_INSERT || action == SQLITE_UPDATE || action == SQLITE_DELETE) {
    // What changes the schema may change what any table is.
    const bool schema =
        sqlite3_strnicmp(table, "sqlite_master", 13) == 0 || sqlite3_strnicmp(table, "sqlite_schema", 13) == 0;
    tables_.writes |= schema ? kAllTables : bitOf(table);
  }
}

TableSet StatementGuard::bitOf(std::string_view table) noexcept {
  try {
    if (lastBit_ == 0 || lastTable_ != table) {
      lastBit_ = 0;
      lastTable_ = table;
      lastBit_ = changeLog_->bitOf(table);
    }
    return lastBit_;
  } catch (const std::bad_alloc&) {
    return kAllTables;  // Too many are no mistake.
  }
}

int StatementGuard::authorize(void* self, int action, const char* first, const char* second, const char* database,
                              const char* triggerOrView) noexcept {
  auto& guard = *static_cast<StatementGuard*>(self);
  guard.noteTable(action, first, database);
  if (triggerOrView != nullptr) guard.tables_.byTriggers = true;
  if (guard.judging_) return guard.judge(action, first, second, database);
  // VACUUM attaches a nameless temporary database; VACUUM INTO, the file it writes.
  const bool attachesFile = action == SQLITE_ATTACH && (first == nullptr || *first != '\0');
  return attachesFile ? guard.deny(kNoOtherFiles) : SQLITE_OK;
}

int StatementGuard::judge(int action, const char* name, const char* argument, const char* database) noexcept {
  switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT: return deny("transactions belong to transaction(), begin() and read(), not to SQL text");
    case SQLITE_ATTACH:
    case SQLITE_DETACH: return deny(kNoOtherFiles);
    case SQLITE_PRAGMA: return judgePragma(name, argument);
    case SQLITE_FUNCTION:
      // Switched off, but the first of them takes what is bound all the same.
      if (sqlite3_stricmp(argument, "fts3_tokenizer") != 0 && sqlite3_stricmp(argument, "load_extension") != 0) {
        return SQLITE_OK;
      }
      return deny("this function reaches into the process");
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_CREATE_VIEW:
    case SQLITE_CREATE_VTABLE:
      if (database != nullptr && sqlite3_stricmp(database, "temp") == 0) temporarySeen_ = true;
      return SQLITE_OK;
    default:
      // What a schema object is entered in tells where it lives: CREATE TRIGGER temp.x ON t names only t's schema.
      if (isTemporary(action) ||
          (action == SQLITE_INSERT && database != nullptr && sqlite3_stricmp(database, "temp") == 0)) {
        temporarySeen_ = true;
      }
      return SQLITE_OK;
  }
}

int StatementGuard::judgePragma(const char* name, const char* argument) noexcept {
  if (sqlite3_stricmp(name, "wal_checkpoint") == 0) return deny("checkpoints run in the write lane: call checkpoint()");
  if (contains(kHarmlessPragmas, name)) return SQLITE_OK;
  if (argument == nullptr) {
    const bool known =
        contains(kToldPragmas, name) || contains(kProfilePragmas, name) || contains(kLastingPragmas, name);
    return known ? SQLITE_OK : deny("this pragma is not known to be harmless");
  }
  pragmaSeen_ = true;
  if (contains(kProfilePragmas, name)) {
    changes_.profileSettings = true;
    return SQLITE_OK;
  }
  if (contains(kLastingPragmas, name)) {
    changes_.otherState = true;
    return SQLITE_OK;
  }
  return deny("this setting belongs to the engine: see ConnectionConfig");
}

int StatementGuard::deny(const char* reason) noexcept {
  denialReason_ = reason;
  return SQLITE_DENY;
}

}  // namespace holdfast
