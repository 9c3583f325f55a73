// Files that are no databases, damaged ones, and disks without space.

#include <doctest/doctest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include <holdfast/holdfast.hpp>

#include "support/child_process.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"
#include "support/small_file_system.hpp"

using namespace std::chrono_literals;
using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::Recovery;
using holdfast::Transaction;
using holdfast::test::codeOf;
using holdfast::test::contains;
using holdfast::test::errorOf;
using holdfast::test::inChild;
using holdfast::test::PoolFixture;
using holdfast::test::RawSqlite;
using holdfast::test::SmallFileSystem;

namespace fs = std::filesystem;

namespace {

constexpr int kGood = 42;
constexpr int kNotPossibleHere = 43;

std::string contentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

std::string noise(std::size_t size) {
  std::string result(size, '\0');
  std::uint64_t state = 88172645463325252ULL;  // Xorshift (Marsaglia, 2003).
  for (char& each : result) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    each = static_cast<char>(state);
  }
  return result;
}

/// A database of about 40 pages.
std::string databaseContent(PoolFixture& f) {
  RawSqlite raw(f.config.database);
  raw.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT)");
  raw.run(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
      "INSERT INTO item(name) SELECT hex(zeroblob(70)) FROM n");
  return contentOf(f.config.database);
}

/// Opens, reads everything and closes. What went wrong, if anything did.
std::optional<Error> tryAll(PoolFixture& f) {
  auto error = errorOf([&] {
    f.open();
    f.pool.query("SELECT * FROM item");
    f.pool.run("UPDATE item SET name = 'x'");
  });
  f.pool.close();
  return error;
}

}  // namespace

TEST_SUITE("integration/bad_input_file") {
  TEST_CASE("a file that is no database is refused and left as it was") {
    for (const std::string& content : {std::string("dear diary, today\n"), noise(10000), std::string(4096, '\0'),
                                       std::string(100, 'x'), std::string("SQLite format 2\0", 16) + noise(5000)}) {
      PoolFixture f;
      write(f.config.database, content);
      const auto error = errorOf([&] { f.open(); });
      CHECK(error.has_value());
      if (!error) continue;
      CHECK(error->code() == ErrorCode::NotADatabase);
      CHECK(error->recovery() == Recovery::CheckStorage);
      CHECK(contains(error->what(), "test.db"));
      CHECK_FALSE(f.pool.isOpen());
      CHECK(contentOf(f.config.database) == content);
      CHECK_FALSE(fs::exists(f.config.database + "-wal"));
    }
  }

  TEST_CASE("an empty file becomes a database") {
    PoolFixture f;
    write(f.config.database, "");
    CHECK_FALSE(f.pool.open(f.config).created);
    f.pool.run("CREATE TABLE item(id)");
    CHECK(f.rows() == 0);
  }

  TEST_CASE("a database cut short is refused or reported and never taken for a good one") {
    PoolFixture f;
    f.config.repairAtOpen = false;
    const std::string whole = databaseContent(f);
    REQUIRE(whole.size() > 20 * 4096);
    for (const std::size_t size : {std::size_t{4096}, std::size_t{4096} * 7, whole.size() / 2 + 100,
                                   whole.size() - 4096, std::size_t{1000}, std::size_t{17}}) {
      CAPTURE(size);
      write(f.config.database, whole.substr(0, size));
      const auto error = tryAll(f);
      CHECK(error.has_value());
      if (!error) continue;
      CHECK((error->code() == ErrorCode::Corrupt || error->code() == ErrorCode::NotADatabase));
      for (const char* suffix : {"-wal", "-shm"}) fs::remove(f.config.database + suffix);
    }
  }

  TEST_CASE("a damaged page is reported when it is met and the pool stays usable") {
    PoolFixture f;
    std::string content = databaseContent(f);
    for (std::size_t page = 5; page < 15; ++page) content.replace(page * 4096, 4096, noise(4096));
    write(f.config.database, content);
    f.open();
    const auto error = errorOf([&] { f.pool.query("SELECT * FROM item"); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::Corrupt);
    CHECK(error->recovery() == Recovery::RestoreBackup);
    CHECK(f.pool.queryValue<std::string>("SELECT name FROM item LIMIT 1").has_value());
    CHECK(f.pool.metrics().connectionsRecovered >= 1);
  }

  TEST_CASE("a header that asks for a newer SQLite is refused") {
    PoolFixture f;
    std::string content = databaseContent(f);
    content[18] = 9;  // Write version.
    content[19] = 9;  // Read version.
    write(f.config.database, content);
    CHECK(errorOf([&] { f.open(); }).has_value());
    CHECK_FALSE(f.pool.isOpen());
  }

  TEST_CASE("a database that another process keeps for itself is busy and openTimeout bounds the wait") {
    PoolFixture f;
    f.config.openTimeout = 10ms;
    databaseContent(f);
    RawSqlite raw(f.config.database);
    raw.run("PRAGMA locking_mode=EXCLUSIVE");
    raw.run("BEGIN EXCLUSIVE");
    const auto begin = std::chrono::steady_clock::now();
    const auto error = errorOf([&] { f.open(); });
    CHECK(std::chrono::steady_clock::now() - begin < 5s);
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::Busy);
    CHECK_FALSE(f.pool.isOpen());
    raw.run("COMMIT");
    raw.run("PRAGMA locking_mode=NORMAL");
    raw.text("SELECT count(*) FROM item");
    f.open();
    CHECK(f.rows() == 1000);
  }

  TEST_CASE("where the process may not write so much a clear error comes and later writes succeed") {
    PoolFixture f;
    const int result = inChild([&] {
      ::signal(SIGXFSZ, SIG_IGN);
      f.openWithRows(10);
      rlimit limit{};
      ::getrlimit(RLIMIT_FSIZE, &limit);
      const rlim_t before = limit.rlim_cur;
      limit.rlim_cur = fs::file_size(f.config.database + "-wal") + 20000;
      if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return kNotPossibleHere;
      std::optional<Error> error;
      for (int i = 0; i < 100 && !error; ++i) {
        error = errorOf([&] { f.pool.run("INSERT INTO item(name) VALUES (hex(randomblob(2000)))"); });
      }
      if (!error) return 1;
      // SQLite reports this limit as an I/O error.
      if (error->code() != ErrorCode::StorageFull && error->category() != holdfast::ErrorCategory::Storage) return 2;
      if (f.pool.storageState() != holdfast::StorageState::Full) return 6;
      if (f.rows() < 10) return 3;
      if (f.pool.queryValue<std::string>("PRAGMA integrity_check") != "ok") return 4;
      limit.rlim_cur = before;
      ::setrlimit(RLIMIT_FSIZE, &limit);
      f.pool.run("INSERT INTO item(name) VALUES ('afterwards')");
      if (f.pool.queryValue<int>("SELECT count(*) FROM item WHERE name = 'afterwards'") != 1) return 5;
      if (f.pool.storageState() != holdfast::StorageState::Ok) return 7;
      f.pool.close();
      return kGood;
    });
    if (result != kNotPossibleHere) CHECK(result == kGood);
    if (result == kGood) CHECK(f.isSound());
  }

  TEST_CASE("a full file system is StorageFull, reads go on, and writes do when there is space again") {
    PoolFixture f;
    const SmallFileSystem small(f.directory.file("small"), "512k");
    if (!small) return;
    f.config.database = small.file("test.db");
    {
      f.openWithRows(10);
      write(small.file("ballast"), std::string(100000, 'x'));
      std::optional<Error> error;
      std::int64_t stored = 10;
      for (int i = 0; i < 500 && !error; ++i) {
        error = errorOf([&] { f.pool.run("INSERT INTO item(name) VALUES (hex(randomblob(2000)))"); });
        if (!error) ++stored;
      }
      CHECK(error.has_value());
      if (error) {
        CHECK(error->code() == ErrorCode::StorageFull);
        CHECK(error->recovery() == Recovery::FreeSpace);
        CHECK(contains(error->what(), "INSERT INTO item"));
      }
      for (int i = 0; i < 3; ++i) {
        CHECK(codeOf([&] {
                f.pool.transaction(
                    [](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES (hex(randomblob(20000)))"); });
              }) == ErrorCode::StorageFull);
        CHECK(f.rows() == stored);
      }
      CHECK(f.pool.queryValue<std::string>("PRAGMA integrity_check") == "ok");
      fs::remove(small.file("ballast"));
      f.pool.run("INSERT INTO item(name) VALUES ('afterwards')");
      CHECK(f.rows() == stored + 1);
      f.pool.close();
      CHECK(f.isSound());
    }
  }

  TEST_CASE("a database cannot be made where there is no space, and can when there is") {
    PoolFixture f;
    const SmallFileSystem small(f.directory.file("small"), "64k");
    if (!small) return;
    f.config.database = small.file("test.db");
    write(small.file("ballast"), std::string(100000, 'x'));
    const auto error = errorOf([&] { f.open(); });
    CHECK(error.has_value());
    if (error) CHECK(error->code() == ErrorCode::StorageFull);
    CHECK_FALSE(f.pool.isOpen());
    fs::remove(small.file("ballast"));
    CHECK_FALSE(codeOf([&] { f.open(); }).has_value());
    f.pool.close();
  }

  TEST_CASE("a file system that can only be read is refused as such") {
    PoolFixture f;
    const SmallFileSystem card(f.directory.file("card"), "512k");
    if (!card) return;
    f.config.database = card.file("test.db");
    databaseContent(f);
    CHECK(card.makeReadOnly());
    CHECK(codeOf([&] { f.open(); }) == ErrorCode::ReadOnly);
    f.config.database = card.file("missing.db");
    CHECK(codeOf([&] { f.open(); }) == ErrorCode::ReadOnly);
  }
}
