// What a backup may replace, and what not.

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include <holdfast/holdfast.hpp>

#include "integration/backup_fixture.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace fs = std::filesystem;

TEST_SUITE("integration/backup_target") {
  TEST_CASE("the database's own files and those of other pools are never a target") {
    BackupFixture f;
    f.openWithRows(3);
    const std::string& database = f.config.database;
    for (const std::string& target : {database, database + "-wal", database + "-shm", database + "-journal",
                                      f.directory.path() + "/./test.db", f.directory.path() + "//test.db"}) {
      CAPTURE(target);
      CHECK(codeOf([&] { f.pool.backup(target); }) == ErrorCode::Denied);
    }
    fs::create_hard_link(database, f.directory.file("hard"));
    CHECK(codeOf([&] { f.pool.backup(f.directory.file("hard")); }) == ErrorCode::Denied);
    fs::remove(f.directory.file("hard"));
    // Names that come from the target's own.
    for (const char* name : {"x.1", "x.part", "x.bad"}) {
      PoolFixture other;
      other.config.database = f.directory.file(name);
      other.openWithRows(1);
      CHECK(codeOf([&] { f.pool.backup(f.directory.file("x")); }) == ErrorCode::Denied);
      CHECK(codeOf([&] { f.pool.backup(f.directory.file(name)); }) == ErrorCode::Denied);
      CHECK(codeOf([&] { other.pool.backup(f.directory.file("x")); }) == ErrorCode::Denied);
      CHECK(other.rows() == 1);
      other.pool.close();
      fs::remove(other.config.database);
    }
    CHECK(f.rows() == 3);
    CHECK(f.pool.metrics().backups == 0);
    f.pool.close();
    CHECK(f.isSound());
  }

  TEST_CASE("links, directories, pipes and places that do not exist are refused and left alone") {
    BackupFixture f;
    f.openWithRows(1);
    fs::create_symlink(f.directory.file("elsewhere"), f.directory.file("link"));
    fs::create_directory(f.directory.file("folder"));
    REQUIRE(::mkfifo(f.directory.file("pipe").c_str(), 0600) == 0);
    fs::create_symlink("/nowhere", f.directory.file("second.part"));
    for (const char* name : {"link", "folder", "pipe", "missing/backup.db", "second"}) {
      CAPTURE(name);
      CHECK(codeOf([&] { f.pool.backup(f.directory.file(name)); }) == ErrorCode::CannotOpen);
    }
    for (const std::string& path : {std::string(), f.directory.path() + "/", std::string("a\0b", 3)}) {
      CHECK(codeOf([&] { f.pool.backup(path); }) == ErrorCode::InvalidArgument);
    }
    CHECK_FALSE(fs::exists(f.directory.file("elsewhere")));
    CHECK(f.others() == Names{"folder", "link", "pipe", "second.part"});
  }

  TEST_CASE("a backup that is open as a database, or was, is not replaced under its log") {
    BackupFixture f;
    f.openWithRows(1);
    f.pool.backup(f.target);
    const std::string before = fileContent(f.target);
    for (const char* suffix : {"-wal", "-journal"}) {
      writeFile(f.target + suffix, "x");
      CHECK(codeOf([&] { f.pool.backup(f.target); }) == ErrorCode::Denied);
      fs::remove(f.target + suffix);
    }
    CHECK(fileContent(f.target) == before);
  }

  TEST_CASE("values that make no sense are refused") {
    BackupFixture f;
    f.openWithRows(1);
    for (const BackupOptions& options :
         {BackupOptions{.pagesPerStep = 0}, BackupOptions{.pagesPerStep = 100'001}, BackupOptions{.pause = -1ms},
          BackupOptions{.pause = 1001ms}, BackupOptions{.timeout = -1ms}, BackupOptions{.olderGenerations = -1},
          BackupOptions{.olderGenerations = 10}}) {
      CHECK(codeOf([&] { f.pool.backup(f.target, options); }) == ErrorCode::InvalidArgument);
    }
    CHECK(f.others().empty());
  }

  TEST_CASE("a good backup is not replaced by one of a database that was lost and begun anew") {
    BackupFixture f;
    f.openWithRows(0);
    f.addRows(100);
    f.pool.backup(f.target);
    f.pool.close();
    fs::remove(f.config.database);
    f.openWithRows(1);
    const auto error = errorOf([&] { f.pool.backup(f.target); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::Denied);
    CHECK(contains(error->what(), "replaceAny"));
    CHECK(contains(error->what(), f.target));
    CHECK(rowsIn(f.target) == 100);
    CHECK(f.others() == Names{"backup.db"});
    CHECK(f.pool.backup(f.target, {.replaceAny = true}).previous == f.target + ".1");
    CHECK(rowsIn(f.target) == 1);
    CHECK(rowsIn(f.target + ".1") == 100);
  }

  TEST_CASE("a backup that cannot be read any more makes room and does not push the good one out") {
    BackupFixture f;
    f.openWithRows(1);
    f.pool.backup(f.target);
    f.pool.backup(f.target);
    writeFile(f.target, std::string(20000, 'x'));
    f.pool.run("INSERT INTO item(name) VALUES ('new')");
    const BackupReport report = f.pool.backup(f.target);
    CHECK(report.warnings.size() == 1);
    CHECK(report.previous == f.target + ".bad");
    CHECK(f.logger->contains("could not be read"));
    CHECK(rowsIn(f.target) == 2);
    CHECK(rowsIn(f.target + ".1") == 1);
    CHECK(fileContent(f.target + ".bad") == std::string(20000, 'x'));
    // One that was cut short has lost pages, and its header does not say so.
    const std::string whole = fileContent(f.target);
    writeFile(f.target, whole.substr(0, 4096));
    CHECK(f.pool.backup(f.target).previous == f.target + ".bad");
    CHECK(rowsIn(f.target + ".1") == 1);
  }

  TEST_CASE("what a killed attempt left behind is no obstacle") {
    BackupFixture f;
    f.openWithRows(2);
    for (const char* suffix : {".part", ".part-journal", ".part-wal", ".part-shm"})
      writeFile(f.target + suffix, "left");
    f.pool.backup(f.target);
    CHECK(f.others() == Names{"backup.db"});
    CHECK(rowsIn(f.target) == 2);
  }
}
