#include "connection/plain_database.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <memory>
#include <utility>

#include <sqlite3.h>

#include "connection/counting_vfs.hpp"
#include "connection/page_checks.hpp"
#include "connection/sqlite_error.hpp"
#include "connection/statement_binding.hpp"
#include "core/out_of_memory.hpp"

namespace holdfast {
namespace {

constexpr int kBusyMilliseconds = 5000;

/// Finalized with its scope.
class Prepared {
 public:
  Prepared(const PlainDatabase& database, const char* sql) {
    const int code = sqlite3_prepare_v3(database.handle(), sql, -1, 0, &statement_, nullptr);
    if (code != SQLITE_OK) database.fail(code, sql);
  }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  ~Prepared() { sqlite3_finalize(statement_); }
  sqlite3_stmt* get() const noexcept { return statement_; }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

/// An address whose file SQLite takes for one that cannot change.
std::string unchanging(const std::string& path) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string address = "file:";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '/' || c == '.' || c == '-' || c == '_') {
      address += c;
    } else {
      (address += '%') += kHex[byte >> 4U];
      address += kHex[byte & 15U];
    }
  }
  return address + "?immutable=1";
}

}  // namespace

PlainDatabase::PlainDatabase(const std::string& path, Mode mode)
    : vfs_(translatingBadAlloc([] { return std::make_unique<CountingVfs>(false); })) {
  const int access = mode == Mode::Write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  const int form = mode == Mode::Alone ? SQLITE_OPEN_URI : 0;
  const std::string name = mode == Mode::Alone ? unchanging(path) : path;
  const int code =
      sqlite3_open_v2(name.c_str(), &handle_,
                      access | form | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE, vfs_->name());
  if (code != SQLITE_OK) {
    const Error error = makeSqliteError(handle_, code);
    sqlite3_close(handle_);
    throw error;
  }
  sqlite3_busy_timeout(handle_, kBusyMilliseconds);
  // A schema from elsewhere may hold triggers, views and functions: none of them is to act.
  for (const int option :
       {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW}) {
    sqlite3_db_config(handle_, option, 0, nullptr);
  }
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // The last handle to close would move the log into the file, and delete it.
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_wal_autocheckpoint(handle_, 0);
  constexpr int kInstructionsBetweenLooks = 1000;
  sqlite3_progress_handler(handle_, kInstructionsBetweenLooks, &shouldStop, this);
}

PlainDatabase::~PlainDatabase() { sqlite3_close(handle_); }

void PlainDatabase::setLimits(Limits limits) { limits_ = std::move(limits); }

void PlainDatabase::setBusyTimeout(std::chrono::milliseconds timeout) noexcept {
  sqlite3_busy_timeout(handle_, static_cast<int>(timeout.count()));
}

int PlainDatabase::shouldStop(void* self) noexcept {
  const Limits& limits = static_cast<const PlainDatabase*>(self)->limits_;
  return limits.cancel.stop_requested() || std::chrono::steady_clock::now() >= limits.deadline ? 1 : 0;
}

void PlainDatabase::fail(int code, const char* what) const {
  if ((code & 0xff) == SQLITE_INTERRUPT) {
    if (limits_.cancel.stop_requested()) throw Error(ErrorCode::Interrupted, "it was asked to stop").addFrame(what);
    throw Error(ErrorCode::Timeout, "the deadline passed before everything was carried out").addFrame(what);
  }
  throw makeSqliteError(handle_, code).addFrame(what);
}

void PlainDatabase::forEach(const char* sql, const std::function<bool(std::string_view)>& row) {
  const Prepared statement(*this, sql);
  int code = SQLITE_OK;
  while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), 0));
    if (!row(text == nullptr ? std::string_view() : std::string_view(text))) return;
  }
  if (code != SQLITE_DONE) fail(code, sql);
}

void PlainDatabase::run(const char* sql) {
  forEach(sql, [](std::string_view) { return true; });
}

void PlainDatabase::run(const char* sql, std::span<const ValueView> values) {
  const Prepared statement(*this, sql);
  bindValues(handle_, statement.get(), sqlite3_bind_parameter_count(statement.get()), values);
  if (const int code = sqlite3_step(statement.get()); code != SQLITE_DONE) fail(code, sql);
}

std::string PlainDatabase::text(const char* sql) {
  std::string result;
  bool first = true;
  forEach(sql, [&](std::string_view value) {
    if (std::exchange(first, false)) result = value;
    return true;
  });
  return result;
}

std::int64_t PlainDatabase::integer(const char* sql) {
  const Prepared statement(*this, sql);
  const int code = sqlite3_step(statement.get());
  if (code == SQLITE_ROW) return sqlite3_column_int64(statement.get(), 0);
  if (code != SQLITE_DONE) fail(code, sql);
  return 0;
}

int reservedBytes(sqlite3* handle) noexcept {
  int bytes = -1;  // Asks.
  sqlite3_file_control(handle, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes);
  return bytes;
}

int PlainDatabase::reservedBytes() {
  integer("PRAGMA schema_version");  // Then it has read the first page.
  return holdfast::reservedBytes(handle_);
}

void PlainDatabase::reserveChecksums() noexcept {
  int bytes = PageChecks::kBytes;
  sqlite3_file_control(handle_, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes);
}

void PlainDatabase::beginChecksums() {
  reserveChecksums();
  run("PRAGMA user_version=0");
}

void PlainDatabase::trustInnerPages() noexcept {
  if (PageChecks* const checks = pageChecksOf(handle_)) checks->trustsInnerPages = true;
}

bool PlainDatabase::lockAlone() const noexcept {
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(handle_, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK) return false;
  // Whoever has the database open, with a log or within a transaction, has at least the shared lock.
  return file->pMethods->xLock(file, SQLITE_LOCK_SHARED) == SQLITE_OK &&
         file->pMethods->xLock(file, SQLITE_LOCK_EXCLUSIVE) == SQLITE_OK;
}

std::string firstBytesOf(const std::string& path, std::size_t count) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(nullptr);
  const auto memory =
      std::make_unique<std::max_align_t[]>(static_cast<std::size_t>(vfs->szOsFile) / sizeof(std::max_align_t) + 1);
  auto* file = reinterpret_cast<sqlite3_file*>(memory.get());
  sqlite3_int64 size = 0;
  std::string bytes(count, '\0');
  // Not by this process's own open() and close(), which would drop the locks of every handle on the file.
  const char* name = sqlite3_create_filename(path.c_str(), "", "", 0, nullptr);
  int code = name == nullptr ? SQLITE_NOMEM
                             : vfs->xOpen(vfs, name, file,
                                          SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_NOFOLLOW, nullptr);
  if (code == SQLITE_OK) code = file->pMethods->xFileSize(file, &size);
  if (code == SQLITE_OK) {
    bytes.resize(std::min(count, static_cast<std::size_t>(size)));  // Which takes no memory.
    if (!bytes.empty()) code = file->pMethods->xRead(file, bytes.data(), static_cast<int>(bytes.size()), 0);
  }
  if (file->pMethods != nullptr) file->pMethods->xClose(file);
  sqlite3_free_filename(name);
  if (code != SQLITE_OK) throw makeSqliteError(nullptr, code).addFrame("reading the header");
  return bytes;
}

ContentFacts contentFacts(PlainDatabase& database) {
  database.integer("SELECT count(*) FROM sqlite_schema");  // What has no schema that can be read has no facts.
  ContentFacts facts;
  facts.pageBytes = database.integer("PRAGMA page_size");
  facts.pages = database.integer("PRAGMA page_count");
  facts.freePages = database.integer("PRAGMA freelist_count");
  facts.applicationId = database.integer("PRAGMA application_id");
  facts.userVersion = database.integer("PRAGMA user_version");
  return facts;
}

}  // namespace holdfast
