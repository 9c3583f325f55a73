#include "reliability/damaged_file_kinds.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>

#include <holdfast/connection_pool.hpp>

#include "support/no_logger.hpp"
#include "support/raw_sqlite.hpp"

namespace holdfast::test {
namespace {

namespace fs = std::filesystem;

std::string word(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> static_cast<unsigned>(shift));
  return bytes;
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

}  // namespace

const std::vector<DamageKind>& damageKinds() {
  static const std::vector<DamageKind> all{
      {"empty", DamageFate::Repaired, [](const DamagePlace& p) { p.fill(""); }, false, false, true},
      {"one byte", DamageFate::Repaired, [](const DamagePlace& p) { p.fill("S"); }},
      {"cut at an odd place", DamageFate::Repaired,
       [](const DamagePlace& p) { cutFile(p.database, 1 + p.upTo(p.originals.database.size() - 2)); }},
      {"cut between pages", DamageFate::Repaired,
       [](const DamagePlace& p) { cutFile(p.database, kPageBytes * (1 + p.upTo(p.pages() - 2))); }},
      {"header of noise", DamageFate::Repaired, [](const DamagePlace& p) { p.spoil(0, p.noise(100)); }},
      {"wrong page size", DamageFate::Repaired, [](const DamagePlace& p) { p.spoil(16, p.noise(2)); }},
      {"wrong magic", DamageFate::Repaired, [](const DamagePlace& p) { p.spoil(p.upTo(14), "\x07"); }},
      {"pages of zeros", DamageFate::Repaired,
       [](const DamagePlace& p) {
         for (std::size_t i = p.upTo(7) + 1; i > 0; --i) p.spoilPage(p.somePage(), std::string(kPageBytes, '\0'));
       }},
      {"a page of ones", DamageFate::Repaired,
       [](const DamagePlace& p) { p.spoilPage(p.somePage(), std::string(kPageBytes, '\xff')); }},
      {"pages of noise", DamageFate::Repaired,
       [](const DamagePlace& p) {
         for (std::size_t i = p.upTo(3) + 1; i > 0; --i) p.spoilPage(p.somePage(), p.noise(kPageBytes));
       }},
      {"noise somewhere", DamageFate::Repaired,
       [](const DamagePlace& p) {
         const std::size_t bytes = 1 + p.upTo(600);
         p.spoil(p.upTo(p.originals.database.size() - bytes), p.noise(bytes));
       }},
      {"flipped bits", DamageFate::Repaired,
       [](const DamagePlace& p) {
         for (int i = 0; i < 8; ++i) {
           const std::size_t at = p.upTo(p.originals.database.size() - 1);
           p.spoil(at, std::string(1, static_cast<char>(p.originals.database[at] ^ (1 << p.upTo(7)))));
         }
       }},
      {"swapped pages", DamageFate::Repaired,
       [](const DamagePlace& p) {
         const std::size_t one = p.somePage();
         const std::size_t other = p.somePage();
         p.spoilPage(one, p.originals.database.substr((other - 1) * kPageBytes, kPageBytes));
         p.spoilPage(other, p.originals.database.substr((one - 1) * kPageBytes, kPageBytes));
       }},
      {"a free list that leads back to itself", DamageFate::Repaired,
       [](const DamagePlace& p) {
         const auto page = static_cast<std::uint32_t>(p.somePage());
         p.spoil(32, word(page) + word(3));
         p.spoilPage(page, word(page) + word(1) + word(page));
       }},
      {"a tree that leads back to itself", DamageFate::Repaired,
       [](const DamagePlace& p) {
         // An interior page of a table whose cells all lead to the same page, over and over.
         const auto page = static_cast<std::uint32_t>(p.somePage());
         std::string bytes(kPageBytes, '\0');
         bytes.replace(0, 12, std::string("\x05\0\0\0\x01\x0f\xf0\0", 8) + word(page));
         bytes.replace(12, 2, std::string("\x0f\xf0", 2));
         bytes.replace(0xff0, 5, word(page) + "\x05");
         p.spoilPage(page, bytes);
       }},
      {"a schema of noise", DamageFate::Repaired,
       [](const DamagePlace& p) { p.spoil(100, p.noise(kPageBytes - 100)); }},
      {"a number of pages beyond all bounds", DamageFate::Repaired,
       [](const DamagePlace& p) { p.spoil(28, word(0x7fffffff)); }},
      {"noise behind the end", DamageFate::Repaired,
       [](const DamagePlace& p) { p.fill(p.originals.database + p.noise(1 + p.upTo(3 * kPageBytes))); }},
      {"text", DamageFate::Repaired, [](const DamagePlace& p) { p.fill("dear diary, today\n"); }},
      {"a compressed file", DamageFate::Repaired,
       [](const DamagePlace& p) { p.fill(std::string("\x1f\x8b\x08\0\0\0\0\0", 8) + p.noise(20'000)); }},
      {"a read format of the future", DamageFate::Any, [](const DamagePlace& p) { p.spoil(18, "\x09\x09"); }},
      {"a write format of the future", DamageFate::Foreign, [](const DamagePlace& p) { p.spoil(18, "\x09"); }},
      {"missing, with a log", DamageFate::Repaired,
       [](const DamagePlace& p) {
         fs::remove(p.database);
         writeFile(p.database + "-wal", p.originals.log);
       },
       true},
      {"a log cut short", DamageFate::Sound,
       [](const DamagePlace& p) {
         p.fill(p.originals.withLog);
         writeFile(p.database + "-wal", p.originals.log.substr(0, p.upTo(p.originals.log.size())));
       },
       true},
      {"the log of another database", DamageFate::Repaired,
       [](const DamagePlace& p) { writeFile(p.database + "-wal", p.originals.otherLog); }, true},
      {"a log of noise", DamageFate::Sound,
       [](const DamagePlace& p) { writeFile(p.database + "-wal", p.noise(40'000)); }, true},
      {"a log with noise in it", DamageFate::Sound,
       [](const DamagePlace& p) {
         p.fill(p.originals.withLog);
         std::string log = p.originals.log;
         const std::string noise = p.noise(200);
         log.replace(32 + p.upTo(log.size() - 300), noise.size(), noise);
         writeFile(p.database + "-wal", log);
       },
       true},
      {"an index of the log of noise", DamageFate::Sound,
       [](const DamagePlace& p) {
         p.fill(p.originals.withLog);
         writeFile(p.database + "-wal", p.originals.log);
         writeFile(p.database + "-shm", p.noise(32'768));
       },
       true},
      {"a journal of noise", DamageFate::Sound,
       [](const DamagePlace& p) { writeFile(p.database + "-journal", p.noise(10'000)); }, true},
      {"a journal that begins like one", DamageFate::Repaired,
       [](const DamagePlace& p) {
         writeFile(p.database + "-journal", std::string("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8) + p.noise(10'000));
       },
       true},
      {"the journal of another database", DamageFate::Repaired,
       [](const DamagePlace& p) { writeFile(p.database + "-journal", p.originals.otherJournal); }, true},
      {"another program's database", DamageFate::Foreign,
       [](const DamagePlace& p) { p.fill(p.originals.otherProgram); }},
      {"a database in UTF-16", DamageFate::Sound, [](const DamagePlace& p) { p.fill(p.originals.wide); }},
      {"a schema that acts", DamageFate::Sound, [](const DamagePlace& p) { p.fill(p.originals.thieving); }, false,
       true},
      {"a directory", DamageFate::Refused,
       [](const DamagePlace& p) {
         fs::remove(p.database);
         fs::create_directory(p.database);
       }},
      {"a pipe", DamageFate::Refused,
       [](const DamagePlace& p) {
         fs::remove(p.database);
         if (::mkfifo(p.database.c_str(), 0600) != 0) throw std::runtime_error("no pipe");
       }},
      {"a link to a database", DamageFate::Refused,
       [](const DamagePlace& p) {
         fs::rename(p.database, p.elsewhere);
         fs::create_symlink(p.elsewhere, p.database);
       }},
      {"a link to nothing", DamageFate::Refused,
       [](const DamagePlace& p) {
         fs::remove(p.database);
         fs::create_symlink(p.elsewhere, p.database);
       }},
      {"a link in the place of the log", DamageFate::Refused,
       [](const DamagePlace& p) { fs::create_symlink(p.elsewhere, p.database + "-wal"); }},
  };
  return all;
}

OriginalFiles makeOriginalFiles(const TempDirectory& directory) {
  OriginalFiles made;
  const std::string path = directory.file("original.db");
  {
    RawSqlite raw(path);
    raw.run("PRAGMA journal_mode=WAL");
    makeItems(raw);
  }
  {
    ConnectionConfig config;
    config.database = path;
    config.housekeeping = HousekeepingMode::Manual;
    config.logger = std::make_shared<NoLogger>();
    ConnectionPool pool(config);
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

}  // namespace holdfast::test
