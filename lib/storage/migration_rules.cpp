#include "storage/migration_rules.hpp"

#include <algorithm>

#include <holdfast/error.hpp>

namespace holdfast {
namespace {

constexpr int kMostStarts = 100;
constexpr std::chrono::milliseconds kLongestHealthyAfter = std::chrono::hours{8760};

// FNV-1a (Fowler, Noll, Vo), as the hash of an Sql.
constexpr std::uint64_t kFnvBasis = 14695981039346656037ULL;
constexpr std::uint64_t kFnvPrime = 1099511628211ULL;

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) noexcept {
  for (int shift = 0; shift < 64; shift += 8) hash = (hash ^ ((word >> shift) & 0xffU)) * kFnvPrime;
  return hash;
}

std::string nameOf(int version, const std::string& name) {
  return "migration " + std::to_string(version) + (name.empty() ? "" : " (" + name + ")");
}

[[noreturn]] void invalid(const std::string& why) { throw Error(ErrorCode::InvalidConfig, why); }

void checkStep(const Migration& step, int expected, int before) {
  if (step.version != expected) {
    if (step.version == before) invalid("there are two migrations of version " + std::to_string(before));
    invalid(nameOf(step.version, step.name) + " stands where version " + std::to_string(expected) +
            " is due: versions are 1, 2, 3, ... in this order and without a gap");
  }
  if (step.sql.empty() && !step.work) invalid(nameOf(step.version, step.name) + " does nothing: give it sql or work");
  const int writer = oldestWriterOf(step);
  const int reader = oldestReaderOf(step);
  if (reader < 0 || reader > writer || writer > step.version) {
    invalid(nameOf(step.version, step.name) + ": 0 <= oldestReader (" + std::to_string(reader) + ") <= oldestWriter (" +
            std::to_string(writer) + ") <= version does not hold");
  }
}

void checkTrial(const Migrations& migrations) {
  const MigrationTrial& trial = migrations.trial;
  if (trial.starts < 0 || trial.starts > kMostStarts || trial.healthyStarts < 0 || trial.healthyStarts > kMostStarts) {
    invalid("MigrationTrial: starts and healthyStarts are 0 to " + std::to_string(kMostStarts));
  }
  if (trial.healthyAfter.count() < 0 || trial.healthyAfter > kLongestHealthyAfter) {
    invalid("MigrationTrial::healthyAfter is 0 to 8760 h");
  }
  if (trial.starts > 0 && !migrations.backup) invalid("a trial undoes by the backup, and backup is off");
}

}  // namespace

std::string_view toText(SchemaAccess access) noexcept {
  switch (access) {
    case SchemaAccess::ReadWrite: return "read-write";
    case SchemaAccess::ReadOnly: return "read-only";
    case SchemaAccess::Refused: break;
  }
  return "refused";
}

void checkMigrations(const Migrations& migrations) {
  int before = 0;
  for (const Migration& step : migrations.steps) {
    checkStep(step, before + 1, before);
    before = step.version;
  }
  checkTrial(migrations);
}

int versionOf(const Migrations& migrations) noexcept { return static_cast<int>(migrations.steps.size()); }

std::uint64_t checksumOf(const Migration& migration) noexcept {
  std::uint64_t hash = kFnvBasis;
  for (const Sql& sql : migration.sql) hash = mix(hash, sql.hash());
  return migration.work ? mix(hash, 1) : hash;
}

std::uint64_t checksumOf(std::span<const Migration> steps, int after) noexcept {
  std::uint64_t hash = kFnvBasis;
  for (const Migration& step : steps) {
    if (step.version > after) hash = mix(hash, checksumOf(step));
  }
  return hash;
}

std::uint64_t checksumOf(std::span<const AppliedMigration> steps, int after) noexcept {
  std::uint64_t hash = kFnvBasis;
  for (const AppliedMigration& step : steps) {
    if (step.version > after) hash = mix(hash, step.checksum);
  }
  return hash;
}

int oldestWriterOf(const Migration& migration) noexcept { return migration.oldestWriter.value_or(migration.version); }

int oldestReaderOf(const Migration& migration) noexcept {
  return migration.oldestReader.value_or(oldestWriterOf(migration));
}

SchemaContract contractOf(std::span<const AppliedMigration> applied) noexcept {
  SchemaContract contract;
  for (const AppliedMigration& step : applied) {
    contract.version = std::max(contract.version, step.version);
    contract.oldestWriter = std::max(contract.oldestWriter, step.oldestWriter);
    contract.oldestReader = std::max(contract.oldestReader, step.oldestReader);
  }
  return contract;
}

SchemaAccess accessOf(const SchemaContract& contract, int program) noexcept {
  if (program >= contract.version || program >= contract.oldestWriter) return SchemaAccess::ReadWrite;
  return program >= contract.oldestReader ? SchemaAccess::ReadOnly : SchemaAccess::Refused;
}

std::string whyNoAccess(const SchemaContract& contract, int program) {
  return "the database has schema version " + std::to_string(contract.version) + ", which programs from version " +
         std::to_string(contract.oldestReader) + " on may read and from " + std::to_string(contract.oldestWriter) +
         " on write; this one " +
         (program == 0 ? std::string("brings no migrations") : "ends at " + std::to_string(program)) +
         ": start the newer program, or put a backup of the older schema in its place";
}

bool isTrialLost(const TrialState& trial, const SchemaContract& contract, int program) noexcept {
  if (program < trial.to) return accessOf(contract, program) != SchemaAccess::ReadWrite;
  return trial.begun - trial.healthy >= trial.starts;
}

bool isTrialWon(const TrialState& trial) noexcept {
  return trial.healthyWanted > 0 && trial.healthy >= trial.healthyWanted;
}

void checkHistory(const Migrations& migrations, std::span<const AppliedMigration> applied) {
  int expected = 0;
  for (const AppliedMigration& step : applied) {
    if (step.version != ++expected) {
      throw Error(ErrorCode::SchemaVersion, "the database's record of migrations has no entry of version " +
                                                std::to_string(expected) + ", but one of version " +
                                                std::to_string(step.version) + ": put a backup in its place");
    }
    if (step.version > versionOf(migrations)) return;
    const Migration& own = migrations.steps[static_cast<std::size_t>(step.version) - 1];
    if (checksumOf(own) == step.checksum) continue;
    throw Error(ErrorCode::SchemaVersion,
                nameOf(step.version, step.name) +
                    " was applied to the database with another text than it has now: put the old text back, and bring "
                    "what is to change as a migration of its own");
  }
}

void checkRetry(const Migrations& migrations, const SchemaContract& contract,
                const std::optional<UndoneMigration>& undone) {
  if (!undone || versionOf(migrations) <= contract.version || undone->release != migrations.release) return;
  const auto most = static_cast<std::size_t>(std::min(undone->undone, versionOf(migrations)));
  if (checksumOf(std::span(migrations.steps).first(most), undone->restored) != undone->checksum) return;
  throw Error(ErrorCode::SchemaVersion,
              "version " + std::to_string(undone->undone) + " was undone because release \"" + undone->release +
                  "\" did not prove itself with it: start the release before it, or bring another one (the database of "
                  "then is kept as \"" +
                  undone->kept + "\")");
}

std::string recordedName(const std::string& path, const std::string& database) {
  const std::size_t slash = database.rfind('/') + 1;
  return path.starts_with(database.substr(0, slash)) && path.rfind('/') + 1 == slash ? path.substr(slash) : path;
}

std::string pathOfRecorded(const std::string& name, const std::string& database) {
  return name.find('/') == std::string::npos ? database.substr(0, database.rfind('/') + 1) + name : name;
}

void requireNone(const ForeignKeyFindings& findings) {
  if (findings.rows == 0) return;
  throw Error(ErrorCode::Constraint,
              "FOREIGN KEY constraint failed: " + std::to_string(findings.rows) +
                  (findings.rows == 1 ? " row names" : " rows name") + " none of another table, the first one of \"" +
                  findings.table + "\" none of \"" + findings.parent + "\"; foreign keys were not enforced until here");
}

}  // namespace holdfast
