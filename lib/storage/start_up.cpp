#include "storage/start_up.hpp"

#include <utility>

#include <holdfast/error.hpp>

#include "connection/plain_database.hpp"
#include "core/port/file_changes.hpp"
#include "storage/file_check.hpp"
#include "storage/file_header.hpp"
#include "storage/quarantine.hpp"

namespace holdfast {
namespace {

std::int64_t sizeOf(const std::string& path) { return port::fileFacts(path).sizeBytes; }
// SQLite takes a file of one byte for an empty one.
bool isEmpty(const std::string& path) { return sizeOf(path) <= 1; }
std::string absoluteOrEmpty(const std::string& path) {
  int error = 0;
  return path.empty() ? std::string() : port::absolutePath(path, error);
}

std::string journalHeader(const std::string& path) {
  std::string first;
  // No lock belongs to it: it may be opened.
  if (port::exists(path + "-journal")) port::readSmallFile(path + "-journal", kHeaderBytes, first);
  return first;
}

}  // namespace

StartUp::StartUp(std::string path, const ConnectionConfig& config)
    : path_(std::move(path)),
      config_(config),
      replacement_(path_, absoluteOrEmpty(config.backup.path)),
      trialUndo_(path_) {}

void StartUp::run() {
  const auto start = std::chrono::steady_clock::now();
  requireMount();
  isEmpty(path_) ? findMissing() : checkExisting();
  report_.took = std::chrono::steady_clock::now() - start;
}

void StartUp::runAfterDamage() {
  wasInUse_ = true;
  run();
}

void StartUp::requireMount() const {
  if (config_.mountPoint.empty()) return;
  if (!port::isMountPoint(config_.mountPoint)) {
    throw Error(ErrorCode::CannotOpen, "nothing is mounted at \"" + config_.mountPoint +
                                           "\": a database begun there would be hidden once the storage is back");
  }
  int error = 0;
  std::string mount = port::absolutePath(config_.mountPoint + "/.", error);
  mount.resize(mount.empty() ? 0 : mount.size() - 1);  // Without the dot.
  if (!path_.starts_with(mount)) {
    throw Error(ErrorCode::CannotOpen, "\"" + path_ + "\" does not lie at \"" + config_.mountPoint + "\" (mountPoint)");
  }
}

void StartUp::findMissing() {
  const bool hasLog = sizeOf(path_ + "-wal") > 0 || pagesBefore(journalHeader(path_)) > 0;
  if (replacement_.isReady()) {
    report_.cause = RecoveryCause::Damaged;
    report_.action = RecoveryAction::Restored;
    report_.findings.emplace_back("an earlier start was interrupted while it put a replacement in place");
    return replace();
  }
  if (!port::exists(path_) && trialUndo_.isReady()) {
    hasUndone_ = true;
    trialUndo_.carryOn();
    return;
  }
  const bool wasThere = hasLog || replacement_.hasBackup() || wasInUse_;
  if (!wasThere && sizeOf(path_) != 0) {
    throw Error(ErrorCode::NotADatabase, "the file holds one byte: move it away to begin a database there");
  }
  if (!wasThere) {
    userVersion_ = 0;
    return;
  }
  report_.cause = RecoveryCause::Lost;
  report_.findings.emplace_back(port::exists(path_) ? "the file is empty" : "the file is missing");
  if (config_.repairAtOpen && replacement_.fromBackup(report_, warnings_)) return replace();
  giveUp();
}

bool StartUp::stoppedCleanly() const {
  if (port::exists(path_ + "-wal")) return false;  // The last handle that closes removes it.
  return !isHotJournal(journalHeader(path_));
}

// Somebody else who works with it has a log, too, and had it checked.
bool StartUp::isInUse() const {
  try {
    return !PlainDatabase(path_, PlainDatabase::Mode::Write).lockAlone();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::MemoryLimit) throw;
    return false;
  }
}

bool StartUp::looksPlausible(bool clean) {
  try {
    const std::string first = firstBytesOf(path_, kHeaderBytes);
    if (judgeHeader(first, sizeOf(path_), sizeOf(path_ + "-wal") > 0) != HeaderVerdict::Plausible) return false;
    if (clean) userVersion_ = userVersionOf(first);  // Otherwise a log may hold a newer one.
    return true;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::MemoryLimit) throw;
    return true;  // The first handle tells what is wrong better.
  }
}

void StartUp::checkExisting() {
  // Of a start that was interrupted before anything was replaced.
  replacement_.clear();
  trialUndo_.clear();
  const bool stopped = stoppedCleanly();
  const bool clean = wasInUse_ || stopped || isInUse();
  const bool full = wasInUse_ || config_.checkAtOpen == OpenCheck::Always;
  if (!clean) report_.cause = RecoveryCause::UncleanStop;
  const bool wanted = full || (config_.checkAtOpen == OpenCheck::AfterCrash && !clean);
  if (!wanted && looksPlausible(stopped)) return;
  FileCheck::Options options;
  options.busyTimeout = config_.openTimeout;
  if (config_.checkAtOpenLimit.count() > 0 && !wasInUse_) {
    options.limits.deadline = std::chrono::steady_clock::now() + config_.checkAtOpenLimit;
  }
  FileCheck check(path_, options);
  const VerifyResult result = check.run(full ? VerifyDepth::Full : VerifyDepth::Quick);
  report_.checked = result;
  report_.findings = check.findings();
  if (check.error()) damage_ = check.error()->code();
  act(result);
}

void StartUp::act(VerifyResult result) {
  const std::string first = report_.findings.empty() ? std::string() : ": " + report_.findings.front();
  switch (result) {
    case VerifyResult::Sound: return;
    case VerifyResult::RowsInvalid: warnings_.push_back("rows break rules of their tables" + first); return;
    case VerifyResult::Unreadable: warnings_.push_back("the check could not read the file" + first); return;
    case VerifyResult::Unfinished: warnings_.push_back("the check did not come to its end" + first); return;
    case VerifyResult::IndexesDamaged: report_.cause = RecoveryCause::IndexesDamaged; break;
    case VerifyResult::Damaged: report_.cause = RecoveryCause::Damaged; break;
  }
  if (!config_.repairAtOpen) return leaveAsItIs();
  result == VerifyResult::IndexesDamaged ? reindex() : repair();
}

void StartUp::reindex() {
  {
    PlainDatabase database(path_, PlainDatabase::Mode::Write);
    database.setBusyTimeout(config_.openTimeout);
    database.run("REINDEX");
  }
  FileCheck again(path_, {});
  report_.action = RecoveryAction::Reindexed;
  if (again.run(VerifyDepth::Full) == VerifyResult::Sound) return;
  report_.cause = RecoveryCause::Damaged;
  repair();
}

void StartUp::repair() {
  try {
    if (!replacement_.fromBackup(report_, warnings_)) {
      if (!config_.salvage) return leaveAsItIs();
      replacement_.fromDamaged(report_);
    }
  } catch (const Error& error) {
    replacement_.clear();
    // A schema that cannot be carried out is damage, too.
    if (error.category() != ErrorCategory::Corruption && error.category() != ErrorCategory::Request) throw;
    report_.findings.push_back(error.reason());
    return leaveAsItIs();
  }
  replace();
}

void StartUp::replace() {
  std::optional<PlainDatabase> lock;
  if (port::exists(path_)) lock.emplace(path_, PlainDatabase::Mode::Write);
  if (lock && !lock->lockAlone()) {
    throw Error(ErrorCode::Busy, "the database is damaged and another process has it open: close it there first");
  }
  report_.quarantined = Quarantine(path_).run();
  replacement_.publish();
}

bool StartUp::canBeRead() const {
  try {
    return PlainDatabase(path_, PlainDatabase::Mode::Read)
               .integer("SELECT count(*) FROM sqlite_schema WHERE type = 'table'") > 0;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::MemoryLimit) throw;
    return false;
  }
}

void StartUp::leaveAsItIs() {
  report_.action = RecoveryAction::None;
  report_.salvage = {};
  if (!config_.readDamaged || !canBeRead()) giveUp();
  report_.action = RecoveryAction::OpenedReadOnly;
  // Whoever opens it next is to look at it again, and does where a log lies beside it.
  if (kHasThreads && !port::exists(path_ + "-wal")) port::createPrivateFile(path_ + "-wal");
}

void StartUp::giveUp() const {
  std::string text;
  for (const std::string& finding : report_.findings) text += (text.empty() ? "" : "; ") + finding;
  if (report_.cause == RecoveryCause::Lost) {
    throw Error(ErrorCode::CannotOpen, "the database is lost (" + text + "), but its log or a backup of it is there" +
                                           (config_.repairAtOpen ? ", and no backup is good" : "") +
                                           ": put it back, or move these away to begin anew");
  }
  throw Error(damage_ == ErrorCode::NotADatabase ? ErrorCode::NotADatabase : ErrorCode::Corrupt,
              "the database is damaged and was left as it is (" + text + "): put a backup in its place");
}

}  // namespace holdfast
