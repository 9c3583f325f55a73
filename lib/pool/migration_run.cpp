#include "pool/migration_run.hpp"

#include <chrono>
#include <span>

#include <holdfast/transaction.hpp>

#include "connection/connection_impl.hpp"
#include "core/out_of_memory.hpp"
#include "core/steady_clock.hpp"
#include "storage/migration_ledger.hpp"
#include "storage/migration_rules.hpp"

namespace holdfast {
namespace {

void requireVersion(Transaction& tx, int wanted) {
  const int found = migration_ledger::contract(tx).version;
  if (found == wanted) return;
  throw Error(ErrorCode::Busy, "the database has version " + std::to_string(found) + " instead of " +
                                   std::to_string(wanted) + " now: another process migrates it at the same time");
}

void requireForeignKeys(Transaction& tx) {
  ForeignKeyFindings findings;
  tx.forEach("PRAGMA foreign_key_check", [&findings](const RowView& row) {
    if (findings.rows++ > 0) return;
    findings.table = row.get<std::string>(0);
    findings.parent = row.get<std::string>(2);
  });
  requireNone(findings);
}

std::chrono::milliseconds since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - start);
}

}  // namespace

MigrationRun::MigrationRun(Connection& writer, const Migrations& migrations, int from)
    : writer_(writer), migrations_(migrations), from_(from) {
  writer_.impl().dropView();
  applyForeignKeys(writer_.impl().handle, false);
}

MigrationRun::~MigrationRun() {
  Connection::Impl& impl = writer_.impl();
  try {
    applyForeignKeys(impl.handle, impl.profile.foreignKeys);
    // GCOVR_EXCL_START: SQLite has taken the switch before.
  } catch (const std::exception&) {
    impl.broken = true;
  }
  // GCOVR_EXCL_STOP
}

template <typename F>
void MigrationRun::each(F&& body) const {
  for (const Migration& step : std::span(migrations_.steps).subspan(static_cast<std::size_t>(from_))) {
    try {
      body(step);
    } catch (Error& error) {
      addFrameIfPossible(error, [&step] {
        return "migration " + std::to_string(step.version) + (step.name.empty() ? "" : " (" + step.name + ")");
      });
      throw;
    }
  }
}

void MigrationRun::carryOut(Transaction& tx, const Migration& step) const {
  for (const Sql& sql : step.sql) tx.run(sql);
  // In a savepoint, so that what ends its transaction does not end this one.
  if (step.work) tx.transaction(step.work);
  if (writer_.impl().profile.foreignKeys) requireForeignKeys(tx);
}

void MigrationRun::apply(std::optional<TrialState> trial, std::vector<MigratedStep>& done) {
  each([&](const Migration& step) {
    const auto start = SteadyClock::now();
    Transaction tx(writer_);
    migration_ledger::makeTables(tx);
    requireVersion(tx, step.version - 1);
    carryOut(tx, step);
    migration_ledger::note(tx, step, migrations_.release, since(start));
    if (trial) {
      trial->to = step.version;
      migration_ledger::beginTrial(tx, *trial, writer_.impl().profile.path);
    }
    migration_ledger::forgetUndone(tx);
    MigratedStep made{step.version, step.name, {}};
    done.reserve(done.size() + 1);  // Nothing fails once it is durable.
    tx.commit();
    made.took = SteadyClock::now() - start;
    done.push_back(std::move(made));
  });
}

void MigrationRun::tryOut(std::vector<MigratedStep>& done) {
  Transaction tx(writer_);
  migration_ledger::makeTables(tx);
  requireVersion(tx, from_);
  each([&](const Migration& step) {
    const auto start = SteadyClock::now();
    carryOut(tx, step);
    migration_ledger::note(tx, step, migrations_.release, since(start));
    done.push_back({step.version, step.name, SteadyClock::now() - start});
  });
  tx.rollback();
}

}  // namespace holdfast
