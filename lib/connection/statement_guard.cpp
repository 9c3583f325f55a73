#include "connection/statement_guard.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace holdfast {
namespace {

// Reading a pragma is harmless, but for the ones that act without an argument.
constexpr std::array<std::string_view, 1> kActingPragmas{"wal_checkpoint"};

// Take an argument and change nothing, or only what is stored in the file in the ordinary way.
constexpr std::array<std::string_view, 17> kHarmlessPragmas{
    "table_info",  "table_xinfo",        "table_list",         "index_info",   "index_xinfo",
    "index_list",  "foreign_key_list",   "foreign_key_check",  "quick_check",  "integrity_check",
    "optimize",    "incremental_vacuum", "defer_foreign_keys", "user_version", "application_id",
    "auto_vacuum", "analysis_limit"};

// Put back by applying the profile again.
constexpr std::array<std::string_view, 5> kProfilePragmas{"cache_size", "synchronous", "foreign_keys", "temp_store",
                                                          "busy_timeout"};

// Allowed, but only a fresh handle forgets them.
constexpr std::array<std::string_view, 7> kLastingPragmas{"cache_spill",
                                                          "recursive_triggers",
                                                          "automatic_index",
                                                          "case_sensitive_like",
                                                          "reverse_unordered_selects",
                                                          "secure_delete",
                                                          "threads"};

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

void StatementGuard::install(sqlite3* handle) noexcept { sqlite3_set_authorizer(handle, &authorize, this); }

int StatementGuard::authorize(void* self, int action, const char* first, const char* second, const char* /*database*/,
                              const char* /*trigger*/) noexcept {
  auto& guard = *static_cast<StatementGuard*>(self);
  return guard.judging_ ? guard.judge(action, first, second) : SQLITE_OK;
}

int StatementGuard::judge(int action, const char* name, const char* argument) noexcept {
  switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT: return deny("transactions belong to transaction(), begin() and read(), not to SQL text");
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
      return deny("ATTACH and VACUUM INTO are not allowed: open the other file as a database of its own");
    case SQLITE_PRAGMA: return judgePragma(name, argument);
    default:
      if (isTemporary(action)) changes_.otherState = true;
      return SQLITE_OK;
  }
}

int StatementGuard::judgePragma(const char* name, const char* argument) noexcept {
  if (argument == nullptr) {
    return contains(kActingPragmas, name) ? deny("checkpoints run in the write lane: call checkpoint()") : SQLITE_OK;
  }
  if (contains(kHarmlessPragmas, name)) return SQLITE_OK;
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
