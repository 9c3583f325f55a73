// Backups of an open database, asked for and by schedule.

#include <algorithm>

#include "connection/database_copy.hpp"
#include "core/port/files.hpp"
#include "core/text.hpp"
#include "pool/beside.hpp"
#include "storage/backup_rules.hpp"
#include "storage/backup_target.hpp"

namespace holdfast {
namespace {

void require(bool accepted, const char* name, long long value, const char* range) {
  if (accepted) return;
  throw Error(ErrorCode::InvalidArgument,
              std::string("BackupOptions::") + name + " is " + std::to_string(value) + "; accepted: " + range);
}

void validate(const BackupOptions& options) {
  constexpr int kMostPages = 100'000;
  constexpr int kMostGenerations = 9;
  constexpr std::chrono::milliseconds kLongestPause{1000};
  require(options.pagesPerStep >= 1 && options.pagesPerStep <= kMostPages, "pagesPerStep", options.pagesPerStep,
          "1 to 100000");
  require(options.pause.count() >= 0 && options.pause <= kLongestPause, "pause", options.pause.count(), "0 to 1000 ms");
  require(options.olderGenerations >= 0 && options.olderGenerations <= kMostGenerations, "olderGenerations",
          options.olderGenerations, "0 to 9");
  require(!options.timeout || options.timeout->count() >= 0, "timeout", options.timeout ? options.timeout->count() : 0,
          "0 ms or more");
}

}  // namespace

/// One backup, from the first page to its name.
class ConnectionPool::Core::BackupRun {
 public:
  BackupRun(Core& core, const std::string& path, const BackupOptions& options)
      : options_(options),
        beside_(core, LongReads::Kind::Backup, options.timeout, options.cancel),
        target_(path, core.path, options.olderGenerations, &Core::isOpenFile) {}

  BackupReport run() {
    const auto start = SteadyClock::now();
    report_.path = target_.path();
    try {
      carryOut();
    } catch (const Error& error) {
      // SQLite says no more than that it was interrupted.
      if (error.code() == ErrorCode::Interrupted || error.code() == ErrorCode::Timeout) beside_.check();
      throw;
    }
    report_.took = SteadyClock::now() - start;
    return std::move(report_);
  }

 private:
  void carryOut() {
    constexpr std::uint64_t kMostRestarts = 1;
    while (true) {
      target_.begin();
      if (copyAll()) break;
      if (++report_.restarts > kMostRestarts) {
        throw Error(
            ErrorCode::StorageFull,
            "the write-ahead log reached half of walSizeLimit twice while a backup read the database, and writes "
            "go first: raise walSizeLimit or snapshotBudget, or make the backup while less is written");
      }
    }
    beside_.closeHandle();
    target_.verify(facts_, {.deadline = beside_.deadline(), .cancel = beside_.stop()});
    beside_.check();
    report_.pages = facts_.pages;
    report_.bytes = facts_.pages * facts_.pageBytes;
    report_.userVersion = static_cast<int>(facts_.userVersion);
    report_.previous = target_.publish(report_.warnings);
  }

  /// False where its snapshot was revoked.
  bool copyAll() {
    Connection::Impl& source = beside_.openHandle();
    DatabaseCopy copy(source, target_.part());
    const Beside::Snapshot revocable(beside_);
    facts_ = copy.facts();
    if (!options_.replaceAny) target_.requireReplaceable(facts_);
    const std::chrono::milliseconds pause = report_.restarts == 0 ? options_.pause : std::chrono::milliseconds{0};
    while (true) {
      beside_.check();
      if (source.isRevoked()) return false;
      const auto before = SteadyClock::now();
      const bool done = copy.step(options_.pagesPerStep);
      report_.longestStep = std::max<std::chrono::nanoseconds>(report_.longestStep, SteadyClock::now() - before);
      ++report_.steps;
      if (done) break;
      beside_.rest(backupPause(pause, beside_.logBytes(), beside_.logLimit()));
    }
    copy.finish();
    return true;
  }

  const BackupOptions& options_;
  Beside beside_;
  BackupTarget target_;
  ContentFacts facts_;
  BackupReport report_;
};

BackupReport ConnectionPool::Core::backup(const std::string& wanted, const BackupOptions& options) {
  requireCallable();
  validate(options);
  {
    const port::LockGuard guard(mutex);
    requireOpen();
  }
  try {
    BackupReport report = BackupRun(*this, wanted, options).run();
    counters.backups.add();
    counters.backupTook = report.took.count();
    publish(EventKind::BackupMade, 0,
            {report.path, ": ", formatBytes(report.bytes), " in ", formatDuration(report.took)});
    for (const std::string& warning : report.warnings) log(LogLevel::Warning, {warning});
    return report;
  } catch (Error& error) {
    counters.backupFailures.add();
    addFrameIfPossible(error, [&wanted] { return "backup to " + wanted; });
    publish(EventKind::BackupFailed, 0, {error.what()});
    throw;
  }
}

void ConnectionPool::Core::scheduleBackups() {
  if (config.backup.path.empty()) return;
  const bool there = port::fileFacts(config.backup.path).kind != port::FileKind::Missing;
  longReads.schedule(clock->now() + (there ? soonerThan(config.backup.interval) : std::chrono::milliseconds{0}));
}

void ConnectionPool::Core::backupIfDue() {
  if (config.backup.path.empty() || !longReads.takeDue(clock->now())) return;
  const auto work = [this] {
    auto pause = config.backup.interval;
    try {
      backup(config.backup.path, {});
    } catch (const std::exception& failure) {
      log(LogLevel::Warning, {"no backup could be made: ", failure.what()});
      pause = soonerThan(pause);
    }
    longReads.schedule(clock->now() + pause);
  };
  if (config.housekeeping == HousekeepingMode::Manual) return work();
  try {
    longReads.runInBackground(work);
  } catch (...) {
    longReads.schedule(clock->now() + soonerThan(config.backup.interval));
    throw;
  }
}

}  // namespace holdfast
