// Checksums in pages: written with them, compared when they are read, by whoever opens the database.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <holdfast/holdfast.hpp>

#include "connection/plain_database.hpp"
#include "integration/start_up_fixture.hpp"
#include "support/child_process.hpp"
#include "support/damage.hpp"
#include "support/faulty_vfs.hpp"
#include "support/page_sums.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"

using namespace holdfast;
using namespace holdfast::test;
using holdfast::testing::Failure;
using holdfast::testing::FaultyDisk;

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kAlways = holdfast::testing::IoFault::kForEver;

struct Checked : StartUpFixture {
  Checked() { config.pageChecksums = true; }
  std::vector<std::size_t> wrong() const { return pagesWithWrongSum(config.database); }
  /// Where that row's text lies in the file, of which nobody has anything but the row.
  std::size_t placeOf(const std::string& text) const { return fileContent(config.database).find(text); }
  std::string everything() {
    return pool.queryValue<std::string>("SELECT group_concat(name, ' ') FROM item").value_or("");
  }
};

/// Of an open database: closing a descriptor of its file would drop this process's locks.
void flipInChild(const std::string& path, std::size_t bit) {
  REQUIRE(inChild([&] {
            // In place: the file keeps its inode.
            std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
            file.seekg(static_cast<std::streamoff>(bit / 8));
            const int byte = file.get();
            file.seekp(static_cast<std::streamoff>(bit / 8));
            file.put(static_cast<char>(byte ^ (1 << bit % 8)));
            file.close();
            return file.fail() ? 1 : 0;
          }) == 0);
}

}  // namespace

TEST_SUITE("integration/page_checksums") {
  TEST_CASE("every page of a new database ends with its checksum, and any SQLite reads it") {
    Checked f;
    CHECK(f.pool.open(f.config).pageChecksums);
    f.pool.close();
    f.make();
    CHECK(static_cast<int>(fileContent(f.config.database)[20]) == 8);
    CHECK(f.wrong().empty());
    CHECK(f.isSound());
    CHECK(RawSqlite(f.config.database).integer("SELECT count(*) FROM item") == kRows);
    CHECK(f.pool.open(f.config).pageChecksums);
    CHECK(f.rows() == kRows);
    CHECK(f.pool.verify(VerifyDepth::Full).isSound());
  }

  TEST_CASE("without the option there are none, and nothing is said") {
    StartUpFixture f;
    f.make();
    CHECK(static_cast<int>(fileContent(f.config.database)[20]) == 0);
    CHECK_FALSE(f.pool.open(f.config).pageChecksums);
  }

  TEST_CASE("a database that has them keeps them up where the option is off") {
    Checked f;
    f.make();
    f.config.pageChecksums = false;
    CHECK(f.pool.open(f.config).pageChecksums);
    f.pool.run("UPDATE item SET name = name || 'x'");
    f.pool.run("DELETE FROM item WHERE id % 3 = 0");
    f.pool.close();
    CHECK(f.wrong().empty());
    flipBit(f.config.database, 8 * f.placeOf("000556"));
    f.open();
    const auto error = errorOf([&] { f.everything(); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::Corrupt);
  }

  TEST_CASE("a changed bit is an error that names page and file, and damage of the storage") {
    Checked f;
    f.make();
    const std::size_t at = f.placeOf("000556");
    flipBit(f.config.database, 8 * at);
    f.open();
    const auto error = errorOf([&] { f.everything(); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::Corrupt);
    CHECK(error->sqliteCode() == SQLITE_IOERR_DATA);
    CHECK(contains(error->what(), "page " + std::to_string(at / 4096 + 1) + " of \"" + f.config.database + "\""));
    CHECK(contains(error->what(), "does not match its checksum"));
    CHECK(f.pool.storageState() == StorageState::Damaged);
    const VerifyReport report = f.pool.verify();
    CHECK(report.result == VerifyResult::Damaged);
    CHECK(contains(report.findings.back(), "does not match its checksum"));
    // What does not lie on that page is there.
    CHECK(f.pool.queryValue<std::string>("SELECT substr(name, 1, 6) FROM item WHERE id = 1") == "000001");
    // A write that has to read it fails, and is known not to have taken effect.
    CHECK(codeOf([&] { f.pool.run("UPDATE item SET name = 'x' WHERE id = 556"); }) == ErrorCode::Corrupt);
  }

  TEST_CASE("a changed byte that switches the checksums off is found, too") {
    Checked f;
    f.make();
    f.config.repairAtOpen = false;
    f.config.checkAtOpen = OpenCheck::Always;
    for (const std::size_t bit : {20U * 8U + 3U, 20U * 8U + 1U, 16U * 8U + 5U}) {
      CAPTURE(bit);
      flipBit(f.config.database, bit);
      const auto code = codeOf([&] { f.open(); });
      CHECK((code == ErrorCode::Corrupt || code == ErrorCode::NotADatabase));
      flipBit(f.config.database, bit);
    }
    f.open();
    CHECK(f.rows() == kRows);
  }

  TEST_CASE("a changed bit in the log is found when the page is read, and never reaches the database") {
    Checked f;
    f.make();
    f.open();
    f.pool.run("UPDATE item SET name = 'changed since ' || id WHERE id BETWEEN 400 AND 410");
    const std::string log = fileContent(f.config.database + "-wal");
    const std::size_t at = log.find("changed since 405");
    REQUIRE(at != std::string::npos);
    flipInChild(f.config.database + "-wal", 8 * at);
    const auto error = errorOf([&] { f.pool.acquire(Access::Read)->query("SELECT sum(length(name)) FROM item"); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::Corrupt);
    CHECK(contains(error->what(), "in the log of"));
    CHECK(codeOf([&] { f.pool.checkpoint(); }) == ErrorCode::Corrupt);
    flipInChild(f.config.database + "-wal", 8 * at);
    f.pool.checkpoint();
    CHECK(f.pool.queryValue<std::string>("SELECT name FROM item WHERE id = 405") == "changed since 405");
    f.pool.close();
    CHECK(f.wrong().empty());
  }

  TEST_CASE("the first page of the log is compared, too") {
    Checked f;
    f.make();
    f.open();
    f.pool.run("UPDATE item SET name = 'first' WHERE id = 556");
    const std::size_t at = fileContent(f.config.database + "-wal").find("first");
    REQUIRE(at != std::string::npos);
    flipInChild(f.config.database + "-wal", 8 * at);
    CHECK(codeOf([&] { f.pool.acquire(Access::Read)->query("SELECT name FROM item WHERE id = 556"); }) ==
          ErrorCode::Corrupt);
  }

  TEST_CASE("transactions that outgrow the cache, and move pages out twice, raise no false alarm") {
    Checked f;
    f.config.cacheSize = 16 * KiB;
    f.make();
    f.open();
    for (int round = 0; round < 3; ++round) {
      const auto work = [&](Transaction& tx) {
        for (int pass = 0; pass < 4; ++pass) {
          tx.run("UPDATE item SET name = ? || substr(name, 3)", "p" + std::to_string(pass));
          CHECK(tx.queryValue<std::int64_t>("SELECT count(*) FROM item WHERE name LIKE ?",
                                            "p" + std::to_string(pass) + "%") == kRows);
        }
        if (round == 1) throw std::runtime_error("undone");
      };
      if (round == 1) {
        CHECK_THROWS_AS(f.pool.transaction(work), std::runtime_error);
        continue;
      }
      f.pool.transaction(work);
      CHECK(f.pool.queryValue<std::int64_t>("SELECT count(*) FROM item WHERE name LIKE 'p3%'") == kRows);
    }
    f.pool.close();
    CHECK(f.wrong().empty());
  }

  TEST_CASE("a database without them is written anew, once") {
    Checked f;
    f.config.pageChecksums = false;
    f.make();
    f.config.pageChecksums = true;
    const OpenReport first = f.pool.open(f.config);
    CHECK(first.pageChecksums);
    REQUIRE(first.warnings.size() == 1);
    CHECK(contains(first.warnings.front(), "written anew with page checksums"));
    CHECK(f.rows() == kRows);
    CHECK(f.pool.queryValue<std::int64_t>("PRAGMA user_version") == 3);
    f.pool.close();
    CHECK(f.wrong().empty());
    CHECK(f.isSound());
    CHECK(f.pool.open(f.config).warnings.empty());
  }

  TEST_CASE("that takes a database which nobody else has open, and 8 bytes that nobody else uses") {
    Checked f;
    f.config.pageChecksums = false;
    f.make();
    f.config.pageChecksums = true;
    f.config.openTimeout = std::chrono::milliseconds{10};
    {
      RawSqlite other(f.config.database);
      other.integer("SELECT count(*) FROM item");
      CHECK(codeOf([&] { f.open(); }) == ErrorCode::Busy);
    }
    f.config.database = f.directory.file("other.db");
    {
      RawSqlite other(f.config.database);
      int bytes = 16;
      sqlite3_file_control(other.handle(), "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes);
      other.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT)");
    }
    const auto error = errorOf([&] { f.open(); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::Unsupported);
    CHECK(contains(error->what(), "for something else"));
    f.config.pageChecksums = false;
    CHECK_FALSE(f.pool.open(f.config).pageChecksums);
  }

  TEST_CASE("a backup has them where the database has, also of pages that are in the log only") {
    Checked f;
    f.make();
    f.open();
    f.pool.run("UPDATE item SET name = 'x' || name");
    f.pool.backup(f.backup);
    CHECK(pagesWithWrongSum(f.backup).empty());
    CHECK(static_cast<int>(fileContent(f.backup)[20]) == 8);
    CHECK(RawSqlite(f.backup).integer("SELECT count(*) FROM item") == kRows);
  }

  TEST_CASE("a changed bit does not get into a backup, and a changed backup is not put back") {
    Checked f;
    f.make();
    const std::string sound = fileContent(f.config.database);
    flipBit(f.config.database, 8 * f.placeOf("000556"));
    f.open();
    const auto error = errorOf([&] { f.pool.backup(f.backup); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::Corrupt);
    CHECK(contains(error->what(), "does not match its checksum"));
    CHECK_FALSE(fs::exists(f.backup));
    f.pool.close();

    writeFile(f.config.database, sound);
    f.open();
    f.pool.backup(f.backup);
    f.pool.run("UPDATE item SET name = 'newer' WHERE id = 1");
    f.pool.backup(f.backup, {.olderGenerations = 1});
    f.pool.close();
    flipBit(f.backup, 8 * fileContent(f.backup).find("000777"));
    flipBit(f.config.database, 8 * f.placeOf("000556"));
    f.config.backup.path = f.backup;
    f.config.checkAtOpen = OpenCheck::Always;
    const OpenReport report = f.pool.open(f.config);
    CHECK(report.recovery.cause == RecoveryCause::Damaged);
    CHECK(report.recovery.action == RecoveryAction::Restored);
    CHECK(report.recovery.backup == f.backup + ".1");
    CHECK(f.pool.queryValue<std::string>("SELECT substr(name, 1, 6) FROM item WHERE id = 1") == "000001");
    CHECK(f.rows() == kRows);
    f.pool.close();
    CHECK(f.wrong().empty());
  }

  TEST_CASE(
      "what is salvaged leaves out the rows of a changed page, and keeps what lies behind one that leads to rows") {
    Checked f;
    f.make();
    f.config.checkAtOpen = OpenCheck::Always;
    const std::size_t root = static_cast<std::size_t>(
        RawSqlite(f.config.database).integer("SELECT rootpage FROM sqlite_schema WHERE name = 'item'"));
    // Between the cells: neither changes what the page leads to.
    flipBit(f.config.database, 8 * ((root - 1) * 4096 + 2000));
    flipBit(f.config.database, 8 * f.placeOf("000556"));
    const OpenReport report = f.pool.open(f.config);
    CHECK(report.recovery.action == RecoveryAction::Salvaged);
    CHECK(report.recovery.salvage.gaps == 1);
    CHECK(f.rows() > kRows - 100);
    CHECK(f.rows() < kRows);
    CHECK(f.pool.queryValue<std::int64_t>(
              "SELECT count(*) FROM item WHERE name <> printf('%06d', id) || hex(zeroblob(90))") == 0);
    f.pool.close();
    CHECK(f.wrong().empty());
  }

  TEST_CASE("pages may have any size, and a value may take many") {
    for (const char* size : {"512", "1024", "65536"}) {
      CAPTURE(size);
      Checked f;
      {
        RawSqlite raw(f.config.database);
        raw.run("PRAGMA page_size=" + std::string(size));
        raw.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT)");
      }
      f.open();
      f.pool.run("INSERT INTO item(name) VALUES (hex(zeroblob(100000)) || 'end')");
      f.reopen();
      CHECK(f.pool.queryValue<std::string>("SELECT substr(name, -3) FROM item") == "end");
      f.pool.close();
      CHECK(f.wrong().empty());
      flipBit(f.config.database, 8 * f.placeOf("end"));
      f.open();
      CHECK(codeOf([&] { f.everything(); }) == ErrorCode::Corrupt);
    }
  }

  TEST_CASE("a bit that changed on the way alone is read once more") {
    FaultyDisk disk;
    Checked f;
    f.make();
    f.open();
    disk.fail({.failure = Failure::FlippedBit, .role = FileRole::Database, .after = 3});
    CHECK(f.everything().size() > 180'000);
    CHECK(disk.concerned() > 3);
    f.pool.run("UPDATE item SET name = 'x' || name");
    disk.fail({.failure = Failure::FlippedBit, .role = FileRole::Log, .action = FileAction::Read, .after = 3});
    const auto length = f.pool.acquire(Access::Read)->query("SELECT sum(length(name)) FROM item");
    CHECK(length.front().get<std::int64_t>(0) == 187 * kRows);
    CHECK(disk.concerned() > 3);
    CHECK(f.pool.storageState() == StorageState::Ok);
    disk.fail({.failure = Failure::FlippedBit, .role = FileRole::Log, .action = FileAction::Read, .times = kAlways});
    CHECK(codeOf([&] { f.pool.acquire(Access::Read)->query("SELECT max(name) FROM item"); }) == ErrorCode::Corrupt);
  }

  TEST_CASE("a page that is read in parts is compared as a whole") {
    Checked f;
    f.make();
    const std::size_t at = f.placeOf("000556");
    flipBit(f.config.database, 8 * at);
    PlainDatabase file(f.config.database, PlainDatabase::Mode::Read);
    CHECK(file.reservedBytes() == 8);
    sqlite3_file* open = nullptr;
    REQUIRE(sqlite3_file_control(file.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &open) == SQLITE_OK);
    std::string part(4000, '\0');
    const auto begin = static_cast<sqlite3_int64>(at / 4096 * 4096);
    CHECK(open->pMethods->xRead(open, part.data(), 4000, begin) == SQLITE_IOERR_DATA);
    CHECK(open->pMethods->xRead(open, part.data(), 4000, begin - 4096) == SQLITE_OK);
    CHECK(open->pMethods->xRead(open, part.data(), 16, 24) == SQLITE_OK);
  }
}
