#include "storage/backup_rules.hpp"

#include <doctest/doctest.h>

#include <string>

#include <holdfast/backup.hpp>
#include <holdfast/error.hpp>
#include <holdfast/units.hpp>

#include "support/error_of.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using holdfast::test::codeOf;

namespace {

ContentFacts facts(std::int64_t pages, std::int64_t freePages = 0) {
  return {.pageBytes = 4096, .pages = pages, .freePages = freePages, .applicationId = 7, .userVersion = 3};
}

}  // namespace

TEST_SUITE("storage/backup_rules") {
  TEST_CASE("a backup pauses between its steps until the log has grown to a quarter of its limit") {
    CHECK(backupPause(5ms, 0, 1000) == 5ms);
    CHECK(backupPause(5ms, 250, 1000) == 5ms);
    CHECK(backupPause(5ms, 251, 1000) == 0ms);
    CHECK(backupPause(0ms, 0, 1000) == 0ms);
  }

  TEST_CASE("a backup is replaced by one of the same database that grew, shrank a little or was cleaned up") {
    CHECK(whyKeepBackup(facts(100), facts(100)).empty());
    CHECK(whyKeepBackup(facts(100), facts(5000)).empty());
    CHECK(whyKeepBackup(facts(100), facts(50)).empty());
    CHECK(whyKeepBackup(facts(1000, 950), facts(40)).empty());
    ContentFacts newer = facts(100);
    newer.userVersion = 4;
    CHECK(whyKeepBackup(facts(100), newer).empty());
  }

  TEST_CASE("a backup is kept where the new one holds less than half of it, also in pages of another size") {
    CHECK(whyKeepBackup(facts(100), facts(49)) == "it holds 400.0 KiB, and the database only 196.0 KiB");
    CHECK_FALSE(whyKeepBackup(facts(100), facts(100, 60)).empty());
    CHECK_FALSE(whyKeepBackup(facts(4), facts(1)).empty());
    CHECK(whyKeepBackup(facts(3), facts(1)).empty());
    ContentFacts smallPages = facts(200);
    smallPages.pageBytes = 1024;
    CHECK(whyKeepBackup(facts(100), smallPages).empty());
  }

  TEST_CASE("a backup of another application or of a newer schema is kept") {
    ContentFacts other = facts(100);
    other.applicationId = 8;
    CHECK(whyKeepBackup(facts(100), other) == "it is of another application (application_id 7, here 8)");
    ContentFacts older = facts(100);
    older.userVersion = 2;
    CHECK(whyKeepBackup(facts(100), older) == "its schema is newer (user_version 3, here 2)");
  }

  TEST_CASE("a copy has the size, the free pages and the marks of what it was copied from") {
    CHECK(whyNoCopy(facts(10, 2), facts(10, 2)).empty());
    CHECK(whyNoCopy(facts(9, 2), facts(10, 2)) == "page_count is 9 instead of 10");
    CHECK(whyNoCopy(facts(10, 1), facts(10, 2)) == "freelist_count is 1 instead of 2");
    ContentFacts other = facts(10);
    other.pageBytes = 512;
    CHECK(whyNoCopy(other, facts(10)) == "page_size is 512 instead of 4096");
    other = facts(10);
    other.applicationId = 0;
    CHECK(whyNoCopy(other, facts(10)) == "application_id is 0 instead of 7");
    other = facts(10);
    other.userVersion = 0;
    CHECK(whyNoCopy(other, facts(10)) == "user_version is 0 instead of 3");
  }

  TEST_CASE("generations are numbered from the newest") {
    CHECK(generationName("/a/b.db", 0) == "/a/b.db");
    CHECK(generationName("/a/b.db", 2) == "/a/b.db.2");
    CHECK(partName("/a/b.db") == "/a/b.db.part");
    CHECK(badName("/a/b.db") == "/a/b.db.bad");
  }

  TEST_CASE("a name from outside is one plain component") {
    CHECK(backupPathIn("/data/backups", "telemetry-2.db") == "/data/backups/telemetry-2.db");
    CHECK(backupPathIn("/", "a") == "/a");
    for (const char* name : {"", ".", "..", ".hidden", "a/b", "../a", "/etc/passwd", "a\\b", "file:a", "a?mode=ro",
                             "a b", "-rf", "a-wal", "a-shm", "a-journal", "a.part", "a.bad", "a\n", "\xc3\xa4"}) {
      CAPTURE(name);
      CHECK(codeOf([&] { backupPathIn("/data", name); }) == ErrorCode::InvalidArgument);
    }
    CHECK(codeOf([] { backupPathIn("/data", std::string_view("a\0b", 3)); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([] { backupPathIn("/data", std::string(201, 'a')); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([] { backupPathIn("", "a"); }) == ErrorCode::InvalidArgument);
  }

  TEST_CASE("what did not work is tried again after a tenth of the interval") { CHECK(soonerThan(24h) == 144min); }
}
