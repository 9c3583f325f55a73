// Backups while calls and allocations fail: an error, or a good backup; never half of one.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include <holdfast/holdfast.hpp>

#include "connection/plain_database.hpp"
#include "core/port/file_changes.hpp"
#include "core/port/files.hpp"
#include "storage/backup_target.hpp"
#include "support/failing_allocation.hpp"
#include "support/faulty_vfs.hpp"
#include "support/no_logger.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace fs = std::filesystem;

namespace {

bool isNothing(std::uint64_t, std::uint64_t) { return false; }

}  // namespace

TEST_SUITE("integration/backup_faults") {
  TEST_CASE("whichever call of SQLite's fails, the backup that was there stays and nothing is left behind") {
    FaultyVfs vfs;
    PoolFixture f;
    f.openWithRows(50);
    const std::string target = f.directory.file("backup.db");
    f.pool.backup(target);
    f.pool.run("INSERT INTO item(name) VALUES ('new')");
    for (const FileAction action :
         {FileAction::Read, FileAction::Write, FileAction::Open, FileAction::Truncate, FileAction::Look}) {
      const int code = action == FileAction::Open ? SQLITE_CANTOPEN : SQLITE_IOERR;
      for (int after = 0;; ++after) {
        vfs.fail(FileRole::Database, action, code, after, 1);
        const auto error = errorOf([&] { f.pool.backup(target); });
        const bool met = vfs.refused() > 0;
        vfs.heal();
        CAPTURE(static_cast<int>(action));
        CAPTURE(after);
        CHECK_FALSE(fs::exists(target + ".part"));
        CHECK(RawSqlite(target).text("PRAGMA integrity_check") == "ok");
        if (!met) CHECK_FALSE(error.has_value());
        if (!met) break;
      }
    }
    CHECK(RawSqlite(target).integer("SELECT count(*) FROM item") == 51);
    f.pool.close();
  }

  TEST_CASE("whichever allocation fails, a backup ends with MemoryLimit and leaves nothing behind") {
    PoolFixture f;
    f.config.logger = std::make_shared<NoLogger>();
    f.openWithRows(5);
    const std::string target = f.directory.file("backup.db");
    for (int n = 0;; ++n) {
      std::optional<ErrorCode> code;
      bool failed = false;
      {
        FailingAllocation fault(n);
        code = codeOf([&] { f.pool.backup(target); });
        failed = fault.hasFailed();
      }
      CAPTURE(n);
      CHECK_FALSE(fs::exists(target + ".part"));
      if (code) CHECK(*code == ErrorCode::MemoryLimit);
      if (!failed) break;
    }
    CHECK(RawSqlite(target).text("PRAGMA integrity_check") == "ok");
  }

  TEST_CASE("a part that another process replaced is not given the name") {
    PoolFixture f;
    f.openWithRows(5);
    const std::string path = f.directory.file("backup.db");
    BackupTarget target(path, f.config.database, 1, &isNothing);
    target.begin();
    fs::remove(target.part());
    REQUIRE(port::createPrivateFile(f.directory.file("keeps the inode")) == 0);
    REQUIRE(port::createPrivateFile(target.part()) == 0);
    CHECK(codeOf([&] { target.verify({}, {}); }) == ErrorCode::Busy);
    std::vector<std::string> warnings;
    CHECK(codeOf([&] { target.publish(warnings); }) == ErrorCode::Busy);
    CHECK_FALSE(fs::exists(path));
  }

  TEST_CASE("a copy that differs from what was copied or is damaged is not given the name") {
    PoolFixture f;
    f.openWithRows(500);
    f.pool.close();
    ContentFacts facts;
    {
      PlainDatabase database(f.config.database, PlainDatabase::Mode::Write);
      facts = contentFacts(database);
      database.run("PRAGMA journal_mode=DELETE");
    }
    BackupTarget target(f.directory.file("backup.db"), f.config.database, 1, &isNothing);
    target.begin();
    fs::copy_file(f.config.database, target.part(), fs::copy_options::overwrite_existing);
    CHECK_NOTHROW(target.verify(facts, {}));
    ContentFacts other = facts;
    other.userVersion = 9;
    CHECK(codeOf([&] { target.verify(other, {}); }) == ErrorCode::IoError);
    RawSqlite(target.part()).run("PRAGMA writable_schema=ON; UPDATE sqlite_schema SET rootpage=3 WHERE name='item'");
    CHECK(codeOf([&] { target.verify(facts, {}); }) == ErrorCode::Corrupt);
  }

  TEST_CASE("a name that cannot be given is an error and the backup before keeps its own") {
    PoolFixture f;
    f.openWithRows(5);
    const std::string path = f.directory.file("backup.db");
    f.pool.backup(path);
    BackupTarget target(path, f.config.database, 1, &isNothing);
    target.begin();
    fs::create_directory(path + ".1");
    std::vector<std::string> warnings;
    CHECK(codeOf([&] { target.publish(warnings); }) == ErrorCode::IoError);
    CHECK(RawSqlite(path).integer("SELECT count(*) FROM item") == 5);
  }

  TEST_CASE("changes of files report the system's error") {
    const TempDirectory directory;
    CHECK(port::syncFile(directory.file("missing")) == ENOENT);
    CHECK(port::renameFile(directory.file("missing"), directory.file("other")) == ENOENT);
    CHECK(port::removeFile(directory.file("missing")) == 0);
    CHECK(port::removeFile(directory.path()) != 0);
    CHECK(port::syncDirectoryOf(directory.file("missing/name")) == ENOENT);
    CHECK(port::syncDirectoryOf("name") == 0);
    REQUIRE(port::createPrivateFile(directory.file("a")) == 0);
    CHECK(port::syncFile(directory.file("a")) == 0);
    CHECK(port::renameFile(directory.file("a"), directory.file("b")) == 0);
    CHECK(fs::exists(directory.file("b")));
    fs::create_symlink(directory.file("b"), directory.file("link"));
    CHECK(port::syncFile(directory.file("link")) == ELOOP);
  }

  TEST_CASE("a plain handle reports what is wrong with a statement and where it stops") {
    PoolFixture f;
    f.openWithRows(5);
    f.pool.close();
    PlainDatabase database(f.config.database, PlainDatabase::Mode::Write);
    CHECK(codeOf([&] { database.run("SELECT nothing"); }) == ErrorCode::InvalidSql);
    CHECK(database.text("SELECT name FROM item WHERE id = 2") == "item 2");
    CHECK(database.text("SELECT name FROM item WHERE id = 99").empty());
    CHECK(database.text("SELECT NULL").empty());
    CHECK(database.integer("SELECT id FROM item WHERE id = 99") == 0);
    int seen = 0;
    database.forEach("SELECT id FROM item", [&](std::string_view) { return ++seen < 2; });
    CHECK(seen == 2);
    constexpr const char* kEndless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    database.setLimits({.deadline = std::chrono::steady_clock::now() + 10ms});
    CHECK(codeOf([&] { database.integer(kEndless); }) == ErrorCode::Timeout);
    StopSource stop;
    stop.request_stop();
    database.setLimits({.cancel = stop.get_token()});
    CHECK(codeOf([&] { database.run(kEndless); }) == ErrorCode::Interrupted);
    CHECK(codeOf([&] { PlainDatabase(f.directory.file("missing"), PlainDatabase::Mode::Read); }) ==
          ErrorCode::CannotOpen);
  }
}
