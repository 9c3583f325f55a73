// Migrations: at open(), when asked, and their trials.

#include "pool/pool_migrations.hpp"

#include <utility>

#include "core/port/process.hpp"
#include "core/text.hpp"
#include "pool/in_context.hpp"
#include "pool/migration_run.hpp"
#include "pool/pool_internals.hpp"
#include "storage/migration_ledger.hpp"
#include "storage/migration_rules.hpp"

namespace holdfast {
namespace {

Holder migratingHolder() { return {Place::here(), nullptr, true, port::currentThreadId()}; }

// Nothing can be put back, and the database is as it was: better than none.
bool leavesDatabase(const Error& error) {
  switch (error.code()) {
    case ErrorCode::StorageFull:
    case ErrorCode::CannotOpen:
    case ErrorCode::Corrupt:
    case ErrorCode::NotADatabase:
    case ErrorCode::IoError:
    case ErrorCode::Unsupported: return true;
    default: return false;
  }
}

}  // namespace

class ConnectionPool::Core::Migrating::Impl final : public Migrating {
 public:
  explicit Impl(Migrations migrations) : migrations_(std::move(migrations)) { checkMigrations(migrations_); }

  void settle(Core& core, OpenReport& report) const override;
  void countHealthy(Core& core) const override;
  MigrationReport migrate(Core& core, const MigrateOptions& options) const override;
  bool confirm(Core& core) const override;
  int version() const noexcept override { return versionOf(migrations_); }

 private:
  bool hasPending(const MigrationRecord& record) const noexcept { return record.contract.version < version(); }
  void undo(Core& core, MigrationRecord& record, OpenReport& report) const;
  /// A database without a record: its user_version may stand for one.
  void adopt(Core& core, Connection& writer, MigrationRecord& record) const;
  /// All that is pending, on the write handle.
  void apply(Core& core, Connection& writer, const MigrationRecord& record, MigrationReport& report) const;
  void migrateInLane(Core& core, MigrationReport& report) const;
  /// Runs `body`, and tells of the steps in the report, also where it throws.
  template <typename F>
  static void telling(Core& core, const MigrationReport& report, F body);
  static void tell(Core& core, const MigrationReport& report);
  std::optional<TrialState> trialOf(const MigrationRecord& record, const std::string& backup) const;
  void startTrial(Core& core) const;
  void countStart(Core& core, Connection& writer) const;
  /// Carries `work(Transaction&)` out, durable when it returns.
  template <typename F>
  static void write(Core& core, F work);

  Migrations migrations_;
};

template <typename F>
void ConnectionPool::Core::Migrating::Impl::telling(Core& core, const MigrationReport& report, F body) {
  try {
    body();
  } catch (...) {
    tell(core, report);
    throw;
  }
  tell(core, report);
}

std::shared_ptr<const Migrator> ConnectionPool::Core::Migrating::make(Migrations migrations) {
  return std::make_shared<Impl>(std::move(migrations));
}

std::shared_ptr<const Migrator> detail::PoolInternals::migrator(Migrations migrations) {
  return translatingBadAlloc([&] { return ConnectionPool::Core::Migrating::make(std::move(migrations)); });
}

std::shared_ptr<const Migrator> makeMigrator(Migrations migrations) {
  return detail::PoolInternals::migrator(std::move(migrations));
}

const ConnectionPool::Core::Migrating& ConnectionPool::Core::Migrating::of(const Core& core) {
  const port::LockGuard guard(core.mutex);
  core.requireOpen();
  if (core.config.migrations == nullptr) {
    throw Error(ErrorCode::Misuse, "there are no migrations: set ConnectionConfig::migrations");
  }
  return static_cast<const Migrating&>(*core.config.migrations);
}

void ConnectionPool::Core::Migrating::Impl::settle(Core& core, OpenReport& report) const {
  MigrationRecord record(*core.table[SlotTable::kWriter].connection, core.path);
  if (record.trial && isTrialLost(*record.trial, record.contract, version())) undo(core, record, report);
  report.migrated.undone = record.undone;
  report.migrated.undoneNow = report.migrated.undoneNow || core.schema.undoneBefore;
  core.enterSchema(record.contract, version(), report);
  checkHistory(migrations_, record.applied);
  if (report.migrated.access != SchemaAccess::ReadWrite) return;
  Connection& writer = *core.table[SlotTable::kWriter].connection;
  writer.impl().setDurability(Durability::Full);
  if (!record.exists) adopt(core, writer, record);
  report.migrated.from = report.migrated.to = record.contract.version;
  if (hasPending(record) && migrations_.when == MigrateWhen::AtOpen) {
    core.storage.admit(writer, false);
    telling(core, report.migrated, [&] { apply(core, writer, record, report.migrated); });
    writer.impl().releaseMemory();
  } else if (record.trial && version() >= record.trial->to) {
    countStart(core, writer);
    report.migrated.trial = migration_ledger::trial(writer, core.path);
  }
  writer.impl().setDurability(core.config.durability);
  if (writer.impl().restore().replaceBecause == nullptr) return;
  core.closeHandle(SlotTable::kWriter);
  core.openConnection(SlotTable::kWriter, core.config.openTimeout);
}

void ConnectionPool::Core::Migrating::Impl::countStart(Core& core, Connection& writer) const {
  Transaction tx(writer);
  migration_ledger::countStart(tx);
  tx.commit();
  startTrial(core);
}

void ConnectionPool::Core::Migrating::Impl::undo(Core& core, MigrationRecord& record, OpenReport& report) const {
  const TrialState& trial = *record.trial;
  UndoneMigration undone;
  undone.undone = trial.to;
  undone.restored = trial.from;
  if (!record.applied.empty()) undone.release = record.applied.back().release;
  undone.checksum = checksumOf(record.applied, trial.from);
  const std::string what = "version " + std::to_string(trial.to) + ", which did not prove itself in " +
                           std::to_string(trial.begun) + " starts,";
  core.closeHandle(SlotTable::kWriter);
  std::optional<Error> failure;
  try {
    putBack(core, trial.backup, undone);
  } catch (const Error& error) {
    if (!leavesDatabase(error)) throw;
    failure = error;
  }
  core.openConnection(SlotTable::kWriter, core.config.openTimeout);
  if (failure) {
    report.warnings.push_back(what + " cannot be undone and stays: " + failure->reason());
    return;
  }
  report.migrated.undoneNow = true;
  report.warnings.push_back(what + " has been undone; what was written since is kept in \"" + undone.kept + "\"");
  core.publish(EventKind::MigrationUndone, 0, {report.warnings.back()});
  record = MigrationRecord(*core.table[SlotTable::kWriter].connection, core.path);
}

void ConnectionPool::Core::Migrating::Impl::adopt(Core& core, Connection& writer, MigrationRecord& record) const {
  const int found = core.schema.userVersion ? *core.schema.userVersion : migration_ledger::userVersion(writer);
  if (found == 0) return;
  if (!migrations_.adoptUserVersion || found < 0 || found > version()) {
    throw Error(ErrorCode::SchemaVersion,
                "the database has user_version " + std::to_string(found) + " and no record of migrations: " +
                    (found > version() || found < 0
                         ? "this program's end at " + std::to_string(version())
                         : std::string("set Migrations::adoptUserVersion where it counts these migrations, else the "
                                       "user_version to 0")));
  }
  Transaction tx(writer);
  migration_ledger::makeTables(tx);
  for (const Migration& step : migrations_.steps) {
    if (step.version <= found) migration_ledger::note(tx, step, migrations_.release, {});
  }
  tx.commit();
  record = MigrationRecord(writer, core.path);
}

std::optional<TrialState> ConnectionPool::Core::Migrating::Impl::trialOf(const MigrationRecord& record,
                                                                         const std::string& backup) const {
  const MigrationTrial& wanted = migrations_.trial;
  std::optional<TrialState> trial = record.trial;
  if (!trial) {
    if (wanted.starts == 0 || backup.empty()) return std::nullopt;
    trial.emplace();
    trial->from = record.contract.version;
    trial->backup = backup;
  }
  // One that goes on goes back to where it came from, and what comes now has starts of its own.
  if (wanted.starts > 0) {
    trial->starts = wanted.starts;
    trial->healthyWanted = wanted.healthyStarts;
  }
  trial->begun = 1;
  trial->healthy = 0;
  return trial;
}

void ConnectionPool::Core::Migrating::Impl::apply(Core& core, Connection& writer, const MigrationRecord& record,
                                                  MigrationReport& report) const {
  const auto start = SteadyClock::now();
  checkRetry(migrations_, record.contract, record.undone);
  // The one that a trial needs is not to be replaced.
  if (migrations_.backup && !record.trial && !migration_ledger::isEmpty(writer)) {
    try {
      report.backup = backUp(core, writer, migrations_.backupPath);
    } catch (Error& error) {
      throw addFrameIfPossible(error, [] { return "backup before the migration"; });
    }
  }
  const std::optional<TrialState> trial = trialOf(record, report.backup);
  MigrationRun(writer, migrations_, record.contract.version).apply(trial, report.steps);
  report.to = version();
  report.trial = migration_ledger::trial(writer, core.path);
  report.undone.reset();
  if (report.trial) startTrial(core);
  report.took = SteadyClock::now() - start;
}

void ConnectionPool::Core::Migrating::Impl::tell(Core& core, const MigrationReport& report) {
  if (report.dryRun) return;
  for (const MigratedStep& step : report.steps) {
    core.counters.migrations.add();
    core.publish(EventKind::Migrated, 0,
                 {"version ", std::to_string(step.version), " (", step.name, ") in ", formatDuration(step.took)});
  }
}

void ConnectionPool::Core::Migrating::Impl::startTrial(Core& core) const {
  core.schema.healthyAt = core.clock->now() + migrations_.trial.healthyAfter;
  core.schema.isOnTrial = true;
}

MigrationReport ConnectionPool::Core::Migrating::Impl::migrate(Core& core, const MigrateOptions& options) const {
  MigrationReport report;
  report.dryRun = options.dryRun;
  // Listeners are called when the write handle is free again.
  telling(core, report, [&] { migrateInLane(core, report); });
  return report;
}

void ConnectionPool::Core::Migrating::Impl::migrateInLane(Core& core, MigrationReport& report) const {
  const PooledConnection lease = core.acquire({.holder = migratingHolder()});
  if (!core.schema.readOnlyBecause.empty()) throw Error(ErrorCode::ReadOnly, core.schema.readOnlyBecause);
  const InsideTransaction inside(&core);
  const MigrationRecord record(*lease, core.path);
  checkHistory(migrations_, record.applied);
  report.from = report.to = record.contract.version;
  report.trial = record.trial;
  report.undone = record.undone;
  if (!hasPending(record)) return;
  if (!report.dryRun) {
    core.storage.admit(*lease, false);
    lease->impl().setDurability(Durability::Full);
    return apply(core, *lease, record, report);
  }
  const auto start = SteadyClock::now();
  MigrationRun(*lease, migrations_, record.contract.version).tryOut(report.steps);
  report.to = version();
  report.took = SteadyClock::now() - start;
}

template <typename F>
void ConnectionPool::Core::Migrating::Impl::write(Core& core, F work) {
  core.runTransaction(Work(work), {.durability = Durability::Full, .priority = Priority::Control}, migratingHolder());
}

void ConnectionPool::Core::Migrating::Impl::countHealthy(Core& core) const {
  if (!core.schema.isOnTrial.exchange(false)) return;
  bool won = false;
  try {
    write(core, [&](Transaction& tx) {
      migration_ledger::countHealthy(tx);
      const std::optional<TrialState> trial = migration_ledger::trial(tx, core.path);
      won = trial && isTrialWon(*trial);
      if (won) migration_ledger::endTrial(tx);
    });
  } catch (...) {
    core.schema.isOnTrial = true;
    throw;
  }
  if (won) core.publish(EventKind::MigrationConfirmed, 0, {"by its healthy starts"});
}

bool ConnectionPool::Core::Migrating::Impl::confirm(Core& core) const {
  bool ended = false;
  write(core, [&](Transaction& tx) {
    const MigrationRecord record(tx, core.path);
    ended = record.trial && version() >= record.trial->to && migration_ledger::endTrial(tx);
  });
  core.schema.isOnTrial = false;
  if (ended) core.publish(EventKind::MigrationConfirmed, 0, {"by the application"});
  return ended;
}

MigrationReport ConnectionPool::migrate(const MigrateOptions& options) {
  return inContext(*core_, [&] {
    core_->requireCallable();
    return Core::Migrating::of(*core_).migrate(*core_, options);
  });
}

bool ConnectionPool::confirmMigration() {
  return inContext(*core_, [&] {
    core_->requireCallable();
    return Core::Migrating::of(*core_).confirm(*core_);
  });
}

MigrationStatus ConnectionPool::migrationStatus() {
  MigrationStatus status;
  read([&](ReadTransaction& tx) {
    const MigrationRecord record(tx, core_->path);
    status.contract = record.contract;
    status.applied = record.applied;
    status.trial = record.trial;
    status.undone = record.undone;
    if (const Migrator* migrator = core_->config.migrations.get()) {
      status.programVersion = static_cast<const Core::Migrating*>(migrator)->version();
    }
  });
  status.access = accessOf(status.contract, status.programVersion);
  for (int next = status.contract.version + 1; next <= status.programVersion; ++next) status.pending.push_back(next);
  return status;
}

}  // namespace holdfast
