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

#include "support/damage.hpp"
#include "support/no_logger.hpp"
#include "support/raw_sqlite.hpp"
#include "support/temp_directory.hpp"

namespace holdfast::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int kItems = 600;
constexpr unsigned kLongestSeconds = 120;

/// Content of files that are made once.
struct Originals {
  std::string database;
  std::string backup;
  std::string withLog;  ///< A database, ...
  std::string log;      ///< ... and the log that belongs to it.
  std::string otherLog;
  std::string otherJournal;
  std::string otherProgram;
  std::string wide;  ///< The same rows in UTF-16.
  std::string thieving;
};

struct Place {
  std::string database;
  std::string elsewhere;
  const Originals& originals;
  std::mt19937_64& random;

  std::size_t upTo(std::size_t most) const { return std::uniform_int_distribution<std::size_t>(0, most)(random); }
  std::string noise(std::size_t bytes) const {
    std::string result(bytes, '\0');
    for (char& each : result) each = static_cast<char>(upTo(255));
    return result;
  }
  std::size_t pages() const { return originals.database.size() / kPageBytes; }
  /// Not the first one.
  std::size_t somePage() const { return 2 + upTo(pages() - 2); }
  void fill(const std::string& bytes) const { writeFile(database, bytes); }
  void spoil(std::size_t at, const std::string& bytes) const { overwrite(database, at, bytes); }
  void spoilPage(std::size_t page, const std::string& bytes) const { spoil((page - 1) * kPageBytes, bytes); }
};

/// What is to become of it.
enum class Fate {
  Repaired,  ///< Restored, or found sound, where there is a backup.
  Refused,   ///< An Error, and nothing is touched.
  Sound,     ///< It is no damage.
  Foreign,   ///< Somebody else's, or of a newer SQLite: opened, perhaps for reading only, or refused; not replaced.
  Any,       ///< Whatever holds for all.
};

struct Kind {
  const char* name;
  Fate fate;
  void (*make)(const Place& place);
  /// SQLite itself takes what lies beside the file over, before anybody can know.
  bool hasJournal = false;
  bool foreignSchema = false;
  bool isNothing = false;  ///< Without a backup nobody can know that there was anything.
};

std::string word(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> static_cast<unsigned>(shift));
  return bytes;
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{
      {"empty", Fate::Repaired, [](const Place& p) { p.fill(""); }, false, false, true},
      {"one byte", Fate::Repaired, [](const Place& p) { p.fill("S"); }},
      {"cut at an odd place", Fate::Repaired,
       [](const Place& p) { cutFile(p.database, 1 + p.upTo(p.originals.database.size() - 2)); }},
      {"cut between pages", Fate::Repaired,
       [](const Place& p) { cutFile(p.database, kPageBytes * (1 + p.upTo(p.pages() - 2))); }},
      {"header of noise", Fate::Repaired, [](const Place& p) { p.spoil(0, p.noise(100)); }},
      {"wrong page size", Fate::Repaired, [](const Place& p) { p.spoil(16, p.noise(2)); }},
      {"wrong magic", Fate::Repaired, [](const Place& p) { p.spoil(p.upTo(14), "\x07"); }},
      {"pages of zeros", Fate::Repaired,
       [](const Place& p) {
         for (std::size_t i = p.upTo(7) + 1; i > 0; --i) p.spoilPage(p.somePage(), std::string(kPageBytes, '\0'));
       }},
      {"a page of ones", Fate::Repaired,
       [](const Place& p) { p.spoilPage(p.somePage(), std::string(kPageBytes, '\xff')); }},
      {"pages of noise", Fate::Repaired,
       [](const Place& p) {
         for (std::size_t i = p.upTo(3) + 1; i > 0; --i) p.spoilPage(p.somePage(), p.noise(kPageBytes));
       }},
      {"noise somewhere", Fate::Repaired,
       [](const Place& p) {
         const std::size_t bytes = 1 + p.upTo(600);
         p.spoil(p.upTo(p.originals.database.size() - bytes), p.noise(bytes));
       }},
      {"flipped bits", Fate::Repaired,
       [](const Place& p) {
         for (int i = 0; i < 8; ++i) {
           const std::size_t at = p.upTo(p.originals.database.size() - 1);
           p.spoil(at, std::string(1, static_cast<char>(p.originals.database[at] ^ (1 << p.upTo(7)))));
         }
       }},
      {"swapped pages", Fate::Repaired,
       [](const Place& p) {
         const std::size_t one = p.somePage();
         const std::size_t other = p.somePage();
         p.spoilPage(one, p.originals.database.substr((other - 1) * kPageBytes, kPageBytes));
         p.spoilPage(other, p.originals.database.substr((one - 1) * kPageBytes, kPageBytes));
       }},
      {"a free list that leads back to itself", Fate::Repaired,
       [](const Place& p) {
         const auto page = static_cast<std::uint32_t>(p.somePage());
         p.spoil(32, word(page) + word(3));
         p.spoilPage(page, word(page) + word(1) + word(page));
       }},
      {"a tree that leads back to itself", Fate::Repaired,
       [](const Place& p) {
         // An interior page of a table whose cells all lead to the same page, over and over.
         const auto page = static_cast<std::uint32_t>(p.somePage());
         std::string bytes(kPageBytes, '\0');
         bytes.replace(0, 12, std::string("\x05\0\0\0\x01\x0f\xf0\0", 8) + word(page));
         bytes.replace(12, 2, std::string("\x0f\xf0", 2));
         bytes.replace(0xff0, 5, word(page) + "\x05");
         p.spoilPage(page, bytes);
       }},
      {"a schema of noise", Fate::Repaired, [](const Place& p) { p.spoil(100, p.noise(kPageBytes - 100)); }},
      {"a number of pages beyond all bounds", Fate::Repaired, [](const Place& p) { p.spoil(28, word(0x7fffffff)); }},
      {"noise behind the end", Fate::Repaired,
       [](const Place& p) { p.fill(p.originals.database + p.noise(1 + p.upTo(3 * kPageBytes))); }},
      {"text", Fate::Repaired, [](const Place& p) { p.fill("dear diary, today\n"); }},
      {"a compressed file", Fate::Repaired,
       [](const Place& p) { p.fill(std::string("\x1f\x8b\x08\0\0\0\0\0", 8) + p.noise(20'000)); }},
      {"a read format of the future", Fate::Any, [](const Place& p) { p.spoil(18, "\x09\x09"); }},
      {"a write format of the future", Fate::Foreign, [](const Place& p) { p.spoil(18, "\x09"); }},
      {"missing, with a log", Fate::Repaired,
       [](const Place& p) {
         fs::remove(p.database);
         writeFile(p.database + "-wal", p.originals.log);
       },
       true},
      {"a log cut short", Fate::Sound,
       [](const Place& p) {
         p.fill(p.originals.withLog);
         writeFile(p.database + "-wal", p.originals.log.substr(0, p.upTo(p.originals.log.size())));
       },
       true},
      {"the log of another database", Fate::Repaired,
       [](const Place& p) { writeFile(p.database + "-wal", p.originals.otherLog); }, true},
      {"a log of noise", Fate::Sound, [](const Place& p) { writeFile(p.database + "-wal", p.noise(40'000)); }, true},
      {"a log with noise in it", Fate::Sound,
       [](const Place& p) {
         p.fill(p.originals.withLog);
         std::string log = p.originals.log;
         const std::string noise = p.noise(200);
         log.replace(32 + p.upTo(log.size() - 300), noise.size(), noise);
         writeFile(p.database + "-wal", log);
       },
       true},
      {"an index of the log of noise", Fate::Sound,
       [](const Place& p) {
         p.fill(p.originals.withLog);
         writeFile(p.database + "-wal", p.originals.log);
         writeFile(p.database + "-shm", p.noise(32'768));
       },
       true},
      {"a journal of noise", Fate::Sound, [](const Place& p) { writeFile(p.database + "-journal", p.noise(10'000)); },
       true},
      {"a journal that begins like one", Fate::Repaired,
       [](const Place& p) {
         writeFile(p.database + "-journal", std::string("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8) + p.noise(10'000));
       },
       true},
      {"the journal of another database", Fate::Repaired,
       [](const Place& p) { writeFile(p.database + "-journal", p.originals.otherJournal); }, true},
      {"another program's database", Fate::Foreign, [](const Place& p) { p.fill(p.originals.otherProgram); }},
      {"a database in UTF-16", Fate::Sound, [](const Place& p) { p.fill(p.originals.wide); }},
      {"a schema that acts", Fate::Sound, [](const Place& p) { p.fill(p.originals.thieving); }, false, true},
      {"a directory", Fate::Refused,
       [](const Place& p) {
         fs::remove(p.database);
         fs::create_directory(p.database);
       }},
      {"a pipe", Fate::Refused,
       [](const Place& p) {
         fs::remove(p.database);
         if (::mkfifo(p.database.c_str(), 0600) != 0) throw std::runtime_error("no pipe");
       }},
      {"a link to a database", Fate::Refused,
       [](const Place& p) {
         fs::rename(p.database, p.elsewhere);
         fs::create_symlink(p.elsewhere, p.database);
       }},
      {"a link to nothing", Fate::Refused,
       [](const Place& p) {
         fs::remove(p.database);
         fs::create_symlink(p.elsewhere, p.database);
       }},
      {"a link in the place of the log", Fate::Refused,
       [](const Place& p) { fs::create_symlink(p.elsewhere, p.database + "-wal"); }},
  };
  return all;
}

void addItems(RawSqlite& raw, int from, int to) {
  raw.run("WITH RECURSIVE n(i) AS (SELECT " + std::to_string(from) + " UNION ALL SELECT i + 1 FROM n WHERE i < " +
          std::to_string(to) + ") INSERT INTO item(name) SELECT printf('%06d', i) || hex(zeroblob(150)) FROM n");
}

void makeItems(RawSqlite& raw) {
  raw.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT)");
  raw.run("CREATE INDEX by_name ON item(name)");
  addItems(raw, 1, kItems);
}

void keepLog(RawSqlite& raw) {
  raw.run("PRAGMA wal_autocheckpoint=0");
  sqlite3_db_config(raw.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

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

Originals makeOriginals(const TempDirectory& directory) {
  Originals made;
  const std::string path = directory.file("original.db");
  {
    RawSqlite raw(path);
    raw.run("PRAGMA journal_mode=WAL");
    makeItems(raw);
  }
  {
    ConnectionPool pool(*configFor(path, ""));
    pool.backup(directory.file("original-backup.db"));
    pool.close();
  }
  made.database = fileContent(path);
  made.backup = fileContent(directory.file("original-backup.db"));
  {
    RawSqlite raw(path);
    keepLog(raw);
    for (int i = 1; i <= 20; ++i) addItems(raw, kItems + i, kItems + i);
    made.withLog = fileContent(path);
    made.log = fileContent(path + "-wal");
  }
  const std::string other = directory.file("other.db");
  {
    RawSqlite raw(other);
    raw.run("PRAGMA application_id=4711; CREATE TABLE theirs(a, b); CREATE INDEX c ON theirs(b)");
    raw.run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) "
        "INSERT INTO theirs SELECT i, hex(zeroblob(200)) FROM n");
    made.otherProgram = fileContent(other);
    raw.run("PRAGMA cache_size=5; BEGIN; UPDATE theirs SET b = 'changed'; DELETE FROM theirs WHERE a < 200");
    made.otherJournal = fileContent(other + "-journal");
    raw.run("ROLLBACK; PRAGMA journal_mode=WAL");
    keepLog(raw);
    raw.run("UPDATE theirs SET b = hex(zeroblob(300))");
    made.otherLog = fileContent(other + "-wal");
  }
  {
    RawSqlite raw(directory.file("wide.db"));
    raw.run("PRAGMA encoding='UTF-16'");
    makeItems(raw);
  }
  made.wide = fileContent(directory.file("wide.db"));
  {
    RawSqlite raw(directory.file("thieving.db"));
    makeItems(raw);
    raw.run("CREATE TRIGGER steal AFTER INSERT ON item BEGIN DELETE FROM item WHERE id <= 600; END");
    raw.run(
        "CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT i FROM n WHERE i < 0");
  }
  made.thieving = fileContent(directory.file("thieving.db"));
  return made;
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
  Trial(const Kind& kind, bool withBackup, bool clean, DamagedFilesReport& report, std::string label)
      : kind_(kind), withBackup_(withBackup), clean_(clean), report_(report), label_(std::move(label)) {}

  void run(const Originals& originals, std::mt19937_64& random) {
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
      case Fate::Refused:
        if (outcome != Outcome::Refused) fault(report_.wrongly, "opened");
        break;
      case Fate::Sound:
        if (!found.complete) fault(report_.wrongly, "rows are missing");
        break;
      case Fate::Foreign:
        if (replaced) fault(report_.wrongly, "replaced");
        break;
      case Fate::Any: break;
      case Fate::Repaired:
        if (!withBackup_ || found.complete) break;
        if ((outcome == Outcome::Sound || outcome == Outcome::Reindexed) && found.sound) {
          ++report_.unnoticed;
        } else {
          fault(report_.notRestored, kOutcomes[static_cast<int>(outcome)]);
        }
        break;
    }
  }

  const Kind& kind_;
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

std::size_t kindsOfDamagedFiles() { return kinds().size(); }

DamagedFilesReport runDamagedFiles(std::uint64_t files, std::uint64_t seed,
                                   const std::function<void(std::uint64_t)>& progress) {
  const TempDirectory directory;
  const Originals originals = makeOriginals(directory);
  DamagedFilesReport report;
  for (std::uint64_t i = 0; i < files; ++i) {
    const Kind& kind = kinds()[i % kinds().size()];
    const std::uint64_t round = i / kinds().size();
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
