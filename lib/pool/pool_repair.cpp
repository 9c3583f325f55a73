// The start-up ladder while the pool is open: it drains, nobody has the file open any more, and what open() does with a
// damaged database is done; then the pool serves again.

#include <algorithm>

#include "core/port/files.hpp"
#include "core/port/process.hpp"
#include "pool/pool_core.hpp"
#include "storage/start_up.hpp"

namespace holdfast {

/// All slots of a pool, taken one by one as they become free, and their handles closed; given back in the end.
/// In between nobody of this process has the file open.
class ConnectionPool::Core::Repair {
 public:
  explicit Repair(Core& core) : core_(core) {
    if (core_.longReads.isCurrentThread()) return;  // It would wait for itself.
    core_.longReads.close();
    readsClosed_ = true;
    barred_ = core_.barOthers(deadline());
    held_ = barred_ && (takeAll() || (forceLeases() && takeAll()));
  }
  Repair(const Repair&) = delete;
  Repair& operator=(const Repair&) = delete;
  ~Repair();
  /// False where leases are still out.
  explicit operator bool() const noexcept { return held_; }

  /// Repairs the file, and opens the write handle on what is there then. Returns what was done.
  RecoveryReport run();

 private:
  RecoveryReport climbLadder();
  void openWriter() noexcept;
  /// Where that fails the write handle is opened anew as one that writes nothing.
  void takeUp(RecoveryAction action);
  bool areLeasesOut() const;
  bool takeAll();
  bool forceLeases();
  SteadyTime deadline() const {
    return SteadyClock::now() + std::min<std::chrono::milliseconds>(core_.config.closeTimeout, kLongestWait);
  }

  Core& core_;
  SlotSet taken_;
  bool readsClosed_ = false;
  bool barred_ = false;
  bool held_ = false;
};

bool ConnectionPool::Core::Repair::areLeasesOut() const {
  const port::LockGuard guard(core_.mutex);
  SlotSet rest = core_.table.inUse();
  while (!rest.empty() && core_.table[rest.first()].lease.id() == 0) rest.erase(rest.first());
  return !rest.empty();
}

bool ConnectionPool::Core::Repair::takeAll() {
  constexpr std::chrono::milliseconds kLookAgain{10};
  const SteadyTime until = deadline();
  while (true) {
    // Not one before all are free: who holds a lease may need another one to come to its end.
    const SlotSet wanted = areLeasesOut() ? SlotSet() : core_.table.all() - taken_;
    for (SlotSet rest = wanted; !rest.empty(); rest.erase(rest.first())) {
      const std::size_t slot = rest.first();
      if (!core_.takeForMaintenance(slot)) continue;
      taken_.insert(slot);
      if (core_.table[slot].connection != nullptr) core_.closeHandle(slot);
    }
    if (taken_ == core_.table.all()) return true;
    const SteadyTime now = SteadyClock::now();
    port::LockGuard guard(core_.mutex);
    if (core_.state != State::Open || now >= until) return false;
    core_.aloneChanged.waitUntil(guard, std::min(until, now + kLookAgain));
  }
}

bool ConnectionPool::Core::Repair::forceLeases() {
  for (const LeaseInfo& lease : core_.leases()) core_.forceCleanup(lease.leaseId);
  return true;
}

ConnectionPool::Core::Repair::~Repair() {
  for (SlotSet rest = taken_; !rest.empty(); rest.erase(rest.first())) core_.endLease(rest.first());
  if (barred_) core_.endAlone();
  {
    const port::LockGuard guard(core_.mutex);
    if (!readsClosed_ || core_.state != State::Open || core_.draining) return;
    core_.longReads.open();
  }
  core_.scheduleBackups();
}

RecoveryReport ConnectionPool::Core::Repair::run() {
  RecoveryReport report = climbLadder();
  openWriter();
  if (core_.damage.isSuspected() || core_.damage.isLeftAlone()) return report;
  core_.storage.noteRepaired("it is sound again");
  takeUp(report.action);
  return report;
}

RecoveryReport ConnectionPool::Core::Repair::climbLadder() {
  StartUp start(core_.path, core_.config);
  try {
    core_.exchangeFile([&start] { start.runAfterDamage(); });
  } catch (const Error& error) {
    core_.log(LogLevel::Error, {"the damaged database could not be repaired: ", error.what()});
    // What can neither be repaired nor be read is left alone; what is in the way of a repair passes.
    const bool lasts = error.category() == ErrorCategory::Corruption || error.code() == ErrorCode::CannotOpen;
    lasts ? core_.damage.leaveAlone() : core_.damage.postpone(core_.clock->now());
    return {};
  }
  core_.schema.userVersion = start.userVersion();
  RecoveryReport& report = start.report();
  report.took = SteadyClock::now() - core_.damage.metAt();
  for (const std::string& warning : start.warnings()) core_.log(LogLevel::Warning, {warning});
  const bool sound = report.checked == VerifyResult::Sound || report.checked == VerifyResult::RowsInvalid;
  if (report.action == RecoveryAction::None && !sound) {  // The check could not read the file.
    core_.damage.postpone(core_.clock->now());
    return {};
  }
  core_.damage.clear(core_.clock->now(), {});
  const std::string text = core_.noteRecovery(report);
  if (!text.empty()) core_.log(LogLevel::Warning, {text});
  return std::move(report);
}

void ConnectionPool::Core::Repair::openWriter() noexcept {
  try {
    core_.openConnection(SlotTable::kWriter, core_.config.openTimeout);
  } catch (const std::exception& failure) {  // It is tried again when it is asked for.
    core_.log(LogLevel::Error, {"no handle could be opened after a repair: ", failure.what()});
  }
}

// A backup may be of another version, and has fewer commits.
void ConnectionPool::Core::Repair::takeUp(RecoveryAction action) {
  if (core_.table[SlotTable::kWriter].connection == nullptr) return;
  try {
    OpenReport report;
    report.recovery.action = action;
    core_.settleSchema(report);
    core_.content.start(core_.path, core_.config, report, *core_.table[SlotTable::kWriter].connection,
                        core_.clock->now());
    for (const std::string& warning : report.warnings) core_.log(LogLevel::Warning, {warning});
  } catch (const std::exception& failure) {
    core_.schema.readOnlyBecause = std::string("the repaired database is not up to date: ") + failure.what();
    core_.log(LogLevel::Error, {core_.schema.readOnlyBecause});
    if (core_.table[SlotTable::kWriter].connection != nullptr) core_.closeHandle(SlotTable::kWriter);
  }
}

void ConnectionPool::Core::repairDamage() {
  RecoveryReport report;
  {
    Repair repair(*this);
    if (!repair) {
      log(LogLevel::Warning, {"the database is damaged, and is repaired once no lease is out any more"});
      return damage.postpone(clock->now());
    }
    report = repair.run();
  }
  observers.tablesChanged(kAllTables);
  tellRecovery(report);
}

}  // namespace holdfast
