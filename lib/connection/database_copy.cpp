#include "connection/database_copy.hpp"

#include <algorithm>

#include "connection/page_checks.hpp"
#include "connection/sqlite_error.hpp"

namespace holdfast {
namespace {

std::int64_t number(sqlite3* handle, const char* sql) { return std::stoll("0" + readPragma(handle, sql)); }

// page_size and the like never are negative; these two may be.
std::int64_t signedNumber(sqlite3* handle, const char* sql) {
  const std::string text = readPragma(handle, sql);
  return text.empty() ? 0 : std::stoll(text);
}

// What fails is thrown away: nothing has to be undone in it.
void prepareTarget(PlainDatabase& target, const char* synchronous) {
  target.run("PRAGMA locking_mode=EXCLUSIVE");  // So that a copy with a log needs no shared memory.
  target.run("PRAGMA journal_mode=OFF");
  target.run(synchronous);
  target.run("PRAGMA cache_size=-64");
}

/// As the source has them: pages are copied as they are, and what lies in the log has no checksums yet.
void takeOverChecksums(sqlite3* source, PlainDatabase& target) {
  if (reservedBytes(source) != PageChecks::kBytes) return;
  target.run(("PRAGMA page_size=" + readPragma(source, "PRAGMA page_size")).c_str());
  target.beginChecksums();
}

/// Which of the two files it was about is not told, but for a page that was read.
Error copyError(sqlite3* source, int code) {
  return makeSqliteError(code == SQLITE_IOERR_DATA ? source : nullptr, code).addFrame("copying pages");
}

void becomeSingleFile(PlainDatabase& target) {
  const std::string mode = target.text("PRAGMA journal_mode=DELETE");
  if (mode != "delete") throw Error(ErrorCode::Internal, "the copy keeps the journal mode " + mode);
}

}  // namespace

DatabaseCopy::DatabaseCopy(Connection::Impl& source, const std::string& target)
    : source_(source), target_(target, PlainDatabase::Mode::Write) {
  prepareTarget(target_, "PRAGMA synchronous=OFF");  // It is synced as a whole in the end.
  source_.beginRead();
  try {
    number(source_.handle, "SELECT count(*) FROM sqlite_schema");
    facts_.pageBytes = number(source_.handle, "PRAGMA page_size");
    // An empty file is copied to one with a first page.
    facts_.pages = std::max<std::int64_t>(number(source_.handle, "PRAGMA page_count"), 1);
    facts_.freePages = number(source_.handle, "PRAGMA freelist_count");
    facts_.applicationId = signedNumber(source_.handle, "PRAGMA application_id");
    facts_.userVersion = signedNumber(source_.handle, "PRAGMA user_version");
    takeOverChecksums(source_.handle, target_);
    copy_ = sqlite3_backup_init(target_.handle(), "main", source_.handle, "main");
    if (copy_ == nullptr) target_.fail(sqlite3_extended_errcode(target_.handle()), "backup");
  } catch (...) {
    source_.rollback();
    throw;
  }
}

DatabaseCopy::~DatabaseCopy() { end(); }

void DatabaseCopy::end() noexcept {
  sqlite3_backup_finish(copy_);
  copy_ = nullptr;
  source_.rollback();
}

bool DatabaseCopy::step(int pages) {
  const int code = sqlite3_backup_step(copy_, pages);
  if (code == SQLITE_DONE) return true;
  if (code == SQLITE_OK) return false;
  throw copyError(source_.handle, code);
}

void DatabaseCopy::finish() {
  const int code = sqlite3_backup_finish(copy_);
  copy_ = nullptr;
  source_.rollback();
  if (code != SQLITE_OK) throw makeSqliteError(nullptr, code).addFrame("copying pages");
  becomeSingleFile(target_);
}

void copyWhole(PlainDatabase& source, const std::string& target, const PlainDatabase::Limits& limits) {
  constexpr int kPagesBetweenLooks = 1000;
  PlainDatabase copy(target, PlainDatabase::Mode::Write);
  prepareTarget(copy, "PRAGMA synchronous=FULL");
  source.reservedBytes();  // A damaged header is found here.
  takeOverChecksums(source.handle(), copy);
  sqlite3_backup* const pages = sqlite3_backup_init(copy.handle(), "main", source.handle(), "main");
  if (pages == nullptr) copy.fail(sqlite3_extended_errcode(copy.handle()), "copying pages");
  int code = SQLITE_OK;
  while (code == SQLITE_OK) {
    const bool stop = limits.cancel.stop_requested() || std::chrono::steady_clock::now() >= limits.deadline;
    code = stop ? SQLITE_INTERRUPT : sqlite3_backup_step(pages, kPagesBetweenLooks);
  }
  const int ended = sqlite3_backup_finish(pages);
  if (code != SQLITE_DONE) throw copyError(source.handle(), code);
  if (ended != SQLITE_OK) throw copyError(source.handle(), ended);
  becomeSingleFile(copy);
}

}  // namespace holdfast
