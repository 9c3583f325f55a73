#include "reliability/damaged_files.hpp"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>

#include <holdfast/connection_pool.hpp>

#include "reliability/damaged_file_kinds.hpp"
#include "support/no_logger.hpp"
#include "support/raw_sqlite.hpp"
#include "support/temp_directory.hpp"

namespace holdfast::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr unsigned kLongestSeconds = 120;

std::shared_ptr<ConnectionConfig> configFor(const std::string& database, const std::string& backup) {
  auto config = std::make_shared<ConnectionConfig>();
  config->database = database;
  config->backup.path = backup;
  config->poolSize = 2;
  config->housekeeping = HousekeepingMode::Manual;
  config->housekeepingInterval = 10ms;
  config->memorySignals = false;
  config->memoryLimit = 16 * MiB;
  config->openTimeout = 1s;
  config->logger = std::make_shared<NoLogger>();
  return config;
}

enum class Outcome { Sound, Refused, ReadOnly, Restored, Salvaged, Reindexed, Stuck, New };
constexpr const char* kOutcomes[] = {"sound",    "refused",   "read only", "restored",
                                     "salvaged", "reindexed", "stuck",     "begun anew"};

Outcome outcomeOf(RecoveryAction action) {
  switch (action) {
    case RecoveryAction::Reindexed: return Outcome::Reindexed;
    case RecoveryAction::Restored: return Outcome::Restored;
    case RecoveryAction::Salvaged: return Outcome::Salvaged;
    case RecoveryAction::OpenedReadOnly: return Outcome::ReadOnly;
    case RecoveryAction::None: break;
  }
  return Outcome::Sound;
}

bool succeeds(const std::function<void()>& body) {
  try {
    body();
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// What an application does with the file: opens it, reads, checks, lets housekeeping run, writes.
Outcome use(const ConnectionConfig& config) {
  ConnectionPool pool;
  OpenReport opened;
  if (!succeeds([&] { opened = pool.open(config); })) return Outcome::Refused;
  Outcome outcome = outcomeOf(opened.recovery.action);
  const auto readAll = [&] { pool.query("SELECT * FROM item ORDER BY name"); };
  succeeds(readAll);
  succeeds([&] { pool.verify(VerifyDepth::Full); });
  for (int i = 0; i < 3; ++i) succeeds([&] { pool.tick(); });
  HealthReport health;
  succeeds([&] { health = pool.checkHealth(); });
  if (health.recovery) outcome = outcomeOf(health.recovery->action);
  succeeds([&] { pool.run("INSERT INTO item(name) VALUES ('000000')"); });
  bool isEmpty = false;
  succeeds([&] { isEmpty = pool.queryValue<int>("SELECT count(*) FROM sqlite_schema").value_or(0) == 0; });
  succeeds([&] { pool.close(); });
  if (outcome == Outcome::Sound && isEmpty) return Outcome::New;
  if (outcome == Outcome::Sound && pool.storageState() == StorageState::Damaged) return Outcome::Stuck;
  return outcome;
}

/// What plain SQLite finds in it.
struct Found {
  bool sound = false;
  bool complete = false;  ///< All the rows that were there, and as they were.
  std::int64_t objects = 0;
};

Found look(const std::string& database) {
  Found found;
  if (!fs::is_regular_file(fs::symlink_status(database))) return found;
  try {
    RawSqlite raw(database);
    found.objects = raw.integer("SELECT count(*) FROM sqlite_schema");
    found.sound = raw.text("PRAGMA integrity_check") == "ok";
    found.complete = raw.integer("SELECT count(*) FROM item WHERE id <= " + std::to_string(kItems) +
                                 " AND name = printf('%06d', id) || hex(zeroblob(150))") == kItems;
  } catch (const std::exception&) {
    // As far as it came.
  }
  return found;
}

class Trial {
 public:
  Trial(const DamageKind& kind, bool withBackup, bool clean, DamagedFilesReport& report, std::string label)
      : kind_(kind), withBackup_(withBackup), clean_(clean), report_(report), label_(std::move(label)) {}

  void run(const OriginalFiles& originals, std::mt19937_64& random) {
    const TempDirectory directory;
    const std::string database = directory.file("test.db");
    const std::string backup = directory.file("backup.db");
    writeFile(database, originals.database);
    if (withBackup_) writeFile(backup, originals.backup);
    kind_.make({database, directory.file("elsewhere.db"), originals, random});
    const bool regular = fs::is_regular_file(fs::symlink_status(database));
    const std::string damaged = regular ? fileContent(database) : std::string();
    if (!clean_ && !fs::exists(fs::symlink_status(database + "-wal"))) leaveLog(database);
    const auto config = configFor(database, withBackup_ ? backup : "");
    config->triggersAndViews = !kind_.foreignSchema;
    const std::optional<Outcome> outcome = inProcess(*config);
    if (!outcome) return;
    ++report_.outcomes[kOutcomes[static_cast<int>(*outcome)]];
    judge(*outcome, directory, damaged);
  }

 private:
  void fault(int& counter, const char* what) {
    ++counter;
    report_.faults.push_back(label_ + ": " + what);
  }

  std::optional<Outcome> inProcess(const ConnectionConfig& config) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(kLongestSeconds);
      try {
        ::_exit(static_cast<int>(use(config)));
      } catch (...) {
        ::_exit(100);
      }
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
      fault(report_.hung, "hung");
      return std::nullopt;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) > static_cast<int>(Outcome::New)) {
      fault(report_.crashed, "crashed");
      return std::nullopt;
    }
    return static_cast<Outcome>(WEXITSTATUS(status));
  }

  void judge(Outcome outcome, const TempDirectory& directory, const std::string& damaged) {
    const std::string database = directory.file("test.db");
    const bool wasThere = fs::exists(fs::symlink_status(database));
    const Found found = look(database);
    const bool mayBeNew = kind_.isNothing && !withBackup_;
    if (outcome == Outcome::New && !mayBeNew) fault(report_.takenForNew, "taken for new");
    const bool replaced = outcome == Outcome::Restored || outcome == Outcome::Salvaged;
    const bool untouched = outcome == Outcome::Refused || outcome == Outcome::ReadOnly || outcome == Outcome::Stuck;
    if (untouched && wasThere && !kind_.hasJournal && !damaged.empty() && fileContent(database) != damaged) {
      fault(report_.bytesLost, "changed although it was not repaired");
    }
    if (replaced && !kind_.hasJournal && !damaged.empty() && fileContent(database + ".damaged-1") != damaged) {
      fault(report_.bytesLost, "the damaged file was not kept");
    }
    if (replaced && kind_.hasJournal && !damaged.empty() && !fs::exists(database + ".damaged-1")) {
      fault(report_.bytesLost, "the damaged file was not kept");
    }
    if (!untouched && !found.sound) fault(report_.leftDamaged, "left damaged");
    if (!untouched && !mayBeNew && found.objects == 0) fault(report_.takenForNew, "left empty");
    switch (kind_.fate) {
      case DamageFate::Refused:
        if (outcome != Outcome::Refused) fault(report_.wrongly, "opened");
        break;
      case DamageFate::Sound:
        if (!found.complete) fault(report_.wrongly, "rows are missing");
        break;
      case DamageFate::Foreign:
        if (replaced) fault(report_.wrongly, "replaced");
        break;
      case DamageFate::Any: break;
      case DamageFate::Repaired:
        if (!withBackup_ || found.complete) break;
        if ((outcome == Outcome::Sound || outcome == Outcome::Reindexed) && found.sound) {
          ++report_.unnoticed;
        } else {
          fault(report_.notRestored, kOutcomes[static_cast<int>(outcome)]);
        }
        break;
    }
  }

  const DamageKind& kind_;
  const bool withBackup_;
  const bool clean_;
  DamagedFilesReport& report_;
  const std::string label_;
};

}  // namespace

std::string DamagedFilesReport::text() const {
  std::string text = std::to_string(files) + " files: ";
  for (const auto& [outcome, count] : outcomes) text += std::to_string(count) + " " + outcome + ", ";
  text += std::to_string(unnoticed) + " changed within a sound structure; crashed " + std::to_string(crashed) +
          ", hung " + std::to_string(hung) + ", taken for new " + std::to_string(takenForNew) + ", bytes lost " +
          std::to_string(bytesLost) + ", not restored " + std::to_string(notRestored) + ", left damaged " +
          std::to_string(leftDamaged) + ", wrongly opened or refused " + std::to_string(wrongly);
  constexpr std::size_t kMostShown = 20;
  for (std::size_t i = 0; i < std::min(faults.size(), kMostShown); ++i) text += "\n    " + faults[i];
  return text;
}

std::size_t kindsOfDamagedFiles() { return damageKinds().size(); }

DamagedFilesReport runDamagedFiles(std::uint64_t files, std::uint64_t seed,
                                   const std::function<void(std::uint64_t)>& progress) {
  const TempDirectory directory;
  const OriginalFiles originals = makeOriginalFiles(directory);
  DamagedFilesReport report;
  for (std::uint64_t i = 0; i < files; ++i) {
    const DamageKind& kind = damageKinds()[i % damageKinds().size()];
    const std::uint64_t round = i / damageKinds().size();
    const bool withBackup = round % 2 == 0;
    const bool clean = round / 2 % 2 == 1;
    std::mt19937_64 random(seed * 1'000'003 + i);
    Trial(kind, withBackup, clean, report,
          std::string(kind.name) + (withBackup ? ", with a backup" : "") + (clean ? ", closed" : "") + " (" +
              std::to_string(i) + ")")
        .run(originals, random);
    ++report.files;
    if (progress) progress(report.files);
  }
  return report;
}

}  // namespace holdfast::test
