// What every open() does about the schema: the contract is heeded, also by a program without migrations. The rest is in
// pool_migrations.cpp, which such a program does not link.

#include "pool/pool_migrations.hpp"
#include "storage/migration_ledger.hpp"
#include "storage/migration_rules.hpp"

namespace holdfast {

void ConnectionPool::Core::settleSchema(OpenReport& report) {
  if (damage.isLeftAlone()) {  // Nothing is written, and what would be read may be what is damaged.
    report.migrated.access = SchemaAccess::ReadOnly;
    if (config.migrations != nullptr) report.warnings.emplace_back("a damaged database is not migrated");
    return;
  }
  if (config.migrations != nullptr) {
    return static_cast<const Migrating&>(*config.migrations).settle(*this, report);
  }
  Connection& writer = *table[SlotTable::kWriter].connection;
  const int version = schema.userVersion ? *schema.userVersion : migration_ledger::userVersion(writer);
  if (version == 0 || !migration_ledger::exists(writer)) return;
  enterSchema(migration_ledger::contract(writer), 0, report);
}

void ConnectionPool::Core::enterSchema(const SchemaContract& contract, int program, OpenReport& report) {
  report.migrated.from = report.migrated.to = contract.version;
  report.migrated.access = accessOf(contract, program);
  if (report.migrated.access == SchemaAccess::ReadWrite) return;
  const std::string why = whyNoAccess(contract, program);
  if (report.migrated.access == SchemaAccess::Refused) throw Error(ErrorCode::SchemaVersion, why);
  report.warnings.push_back("read-only: " + why);
  table[SlotTable::kWriter].connection->impl().refuseWrites(why);
  schema.readOnlyBecause = why;
}

void ConnectionPool::Core::noteHealthyStart(bool closing) noexcept {
  if (!schema.isOnTrial.load(std::memory_order_relaxed)) return;
  if (!closing && clock->now() < schema.healthyAt.load(std::memory_order_relaxed)) return;
  try {
    static_cast<const Migrating&>(*config.migrations).countHealthy(*this);
  } catch (const std::exception& failure) {
    log(LogLevel::Warning, {"a healthy start could not be counted: ", failure.what()});
  }
}

}  // namespace holdfast
