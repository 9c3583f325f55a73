#include "storage/trial_undo.hpp"

#include <array>
#include <utility>

#include <holdfast/error.hpp>

#include "core/port/file_changes.hpp"
#include "storage/backup_rules.hpp"
#include "storage/file_error.hpp"
#include "storage/migration_ledger.hpp"
#include "storage/migration_rules.hpp"
#include "storage/quarantine.hpp"

namespace holdfast {
namespace {

void note(PlainDatabase& database, const UndoneMigration& undone, const std::string& path) {
  const std::string kept = recordedName(undone.kept, path);
  const std::array<ValueView, 5> values{undone.undone, undone.restored, undone.release, kept,
                                        static_cast<std::int64_t>(undone.checksum)};
  database.run("BEGIN IMMEDIATE");
  for (const Sql& table : migration_ledger::kTables) database.run(table.data());
  database.run(migration_ledger::kNoteUndone.data(), values);
  // The backup may have been made while an earlier migration was on trial.
  database.run("DELETE FROM holdfast_trial");
  database.run("COMMIT");
}

void succeed(int error, const std::string& path, const char* what) {
  if (error != 0) throwFileError(path, what, error);
}

// What cannot be read is not restored either.
bool isNewer(const std::string& backup, int version) {
  try {
    PlainDatabase database(backup, PlainDatabase::Mode::Alone);
    return database.integer("PRAGMA user_version") > version;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::MemoryLimit) throw;
    return false;
  }
}

}  // namespace

TrialUndo::TrialUndo(std::string path, std::string scheduled)
    : path_(std::move(path)), scheduled_(std::move(scheduled)), replacement_(path_, {}, Replacement::kEarlier) {}

void TrialUndo::run(const std::string& backup, UndoneMigration& undone) {
  undone.kept = Quarantine(path_, Quarantine::kUndone).name();
  try {
    replacement_.fromFile(backup, [&](PlainDatabase& made) { note(made, undone, path_); });
  } catch (const Error&) {
    replacement_.clear();
    throw;
  }
  const PlainDatabase lock(path_, PlainDatabase::Mode::Write);
  if (!lock.lockAlone()) {
    replacement_.clear();
    throw Error(ErrorCode::Busy,
                "a migration has to be undone, and another process has the database open: close it "
                "there first");
  }
  if (!scheduled_.empty()) setNewerBackupsAside(undone.restored);
  carryOn();
}

void TrialUndo::setNewerBackupsAside(int version) const {
  constexpr int kOldestGeneration = 9;
  for (int generation = 0; generation <= kOldestGeneration; ++generation) {
    const std::string name = generationName(scheduled_, generation);
    if (!port::exists(name) || !isNewer(name, version)) continue;
    const std::string aside = Quarantine(name, Quarantine::kUndone).name();
    succeed(port::renameFile(name, aside), name, "renamed");
  }
  succeed(port::syncDirectoryOf(scheduled_), scheduled_, "made durable");
}

std::vector<std::string> TrialUndo::carryOn() const {
  std::vector<std::string> kept = Quarantine(path_, Quarantine::kUndone).run();
  replacement_.publish();
  return kept;
}

void TrialUndo::clear() const {
  if (!replacement_.isReady()) return;
  succeed(port::removeFile(replacement_.readyName()), replacement_.readyName(), "removed");
}

}  // namespace holdfast
