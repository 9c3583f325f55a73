// What open() can tell of a database that has become older.

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include <holdfast/holdfast.hpp>

#include "integration/start_up_fixture.hpp"
#include "storage/commit_note.hpp"
#include "support/child_process.hpp"
#include "support/faulty_vfs.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

using holdfast::testing::FaultyDisk;
using holdfast::testing::IoFault;

namespace fs = std::filesystem;

namespace {

struct Noted : PoolFixture {
  Noted() : PoolFixture(2) { config.commitNoteInterval = 1min; }
  std::string note() const { return config.database + "-commits"; }
  void add(const std::string& name) { pool.run("INSERT INTO item(name) VALUES (?)", name); }
  void minute() {
    clock->advance(1min);
    pool.tick();
  }
  /// Database and log as a power cut would leave them now.
  void keep(const std::string& as) const {
    // By another process: closing a descriptor of the file would drop this one's locks.
    REQUIRE(inChild([&] {
              for (const char* suffix : {"", "-wal", "-commits"}) {
                std::error_code none;
                fs::copy_file(config.database + suffix, directory.file(as + suffix), none);
              }
              return 0;
            }) == 0);
  }
  /// The pool goes on with what was kept.
  OpenReport openKept(const std::string& as) {
    config.database = directory.file(as);
    return pool.open(config);
  }
};

}  // namespace

TEST_SUITE("integration/commit_note") {
  TEST_CASE("without the option there is no note") {
    PoolFixture f;
    f.openWithRows(3);
    f.clock->advance(24h);
    f.pool.tick();
    f.pool.close();
    CHECK_FALSE(fs::exists(f.config.database + "-commits"));
  }

  TEST_CASE("a database that goes on as it was left is not older") {
    Noted f;
    f.openWithRows(3);
    f.pool.close();
    CHECK(fs::exists(f.note()));
    for (int i = 0; i < 3; ++i) {
      CHECK(f.pool.open(f.config).commitsMissing == 0);
      f.add("more");
      f.minute();
      f.add("and more");
      f.pool.close();
    }
    CHECK(f.pool.open(f.config).warnings.empty());
    CHECK(f.rows() == 9);
  }

  TEST_CASE("an older file in its place is told of, once") {
    Noted f;
    f.openWithRows(3);
    f.pool.close();
    f.keep("old.db");
    f.open();
    f.add("newer");
    f.pool.close();
    fs::copy_file(f.directory.file("old.db"), f.config.database, fs::copy_options::overwrite_existing);
    const OpenReport report = f.pool.open(f.config);
    CHECK(report.commitsMissing >= 1);
    REQUIRE(report.warnings.size() == 1);
    CHECK(contains(report.warnings.front(), "older than it was"));
    CHECK(f.events->count(EventKind::CommitsMissing) == 1);
    CHECK(f.rows() == 3);
    f.pool.close();
    CHECK(f.pool.open(f.config).commitsMissing == 0);
  }

  TEST_CASE("a log that is lost, or its end, is told of where a note was taken since") {
    Noted f;
    f.openWithRows(3);
    f.pool.checkpoint();
    f.add("noted");
    f.minute();
    f.add("not noted");
    f.keep("whole.db");
    f.keep("cut.db");
    f.keep("gone.db");
    f.keep("short.db");
    f.pool.close();
    fs::remove(f.directory.file("gone.db-wal"));
    // The last commit takes one page.
    fs::resize_file(f.directory.file("short.db-wal"), fs::file_size(f.directory.file("short.db-wal")) - 1);
    fs::resize_file(f.directory.file("cut.db-wal"), 32 + 4120);
    CHECK(f.openKept("whole.db").commitsMissing == 0);
    CHECK(f.rows() == 5);
    f.pool.close();
    CHECK(f.openKept("gone.db").commitsMissing > 0);
    f.pool.close();
    CHECK(f.openKept("cut.db").commitsMissing > 0);
    f.pool.close();
    // What came after the note is what it cannot tell of.
    CHECK(f.openKept("short.db").commitsMissing == 0);
    CHECK(f.rows() == 4);
  }

  TEST_CASE("a file that is gone is told of where a new one is begun") {
    Noted f;
    f.openWithRows(3);
    f.pool.close();
    fs::remove(f.config.database);
    const OpenReport report = f.pool.open(f.config);
    CHECK(report.created);
    CHECK(report.commitsMissing > 0);
  }

  TEST_CASE("notes cost something only where something was committed") {
    Noted f;
    f.openWithRows(3);
    f.minute();
    const FlashFiles before = f.pool.flashReport().total;
    f.minute();
    f.minute();
    CHECK(f.pool.flashReport().total.other.bytes == before.other.bytes);
    CHECK(f.pool.flashReport().total.log.bytes == before.log.bytes);
    f.add("one");
    const FlashFiles written = f.pool.flashReport().total;
    f.minute();
    const FlashFiles after = f.pool.flashReport().total;
    CHECK(after.other.bytes == before.other.bytes + CommitNote::kRecordBytes);
    CHECK(after.other.syncs == before.other.syncs + 1);
    CHECK(after.log.syncs == written.log.syncs + 1);
  }

  TEST_CASE("a note that is damaged, or cannot be written, is no reason not to open") {
    Noted f;
    f.openWithRows(3);
    f.pool.close();
    writeFile(f.note(), std::string(8192, 'x'));
    CHECK(f.pool.open(f.config).commitsMissing == 0);
    f.pool.close();
    CHECK(f.pool.open(f.config).commitsMissing == 0);
    f.pool.close();
    fs::remove(f.note());
    fs::create_directory(f.note());
    CHECK(f.pool.open(f.config).commitsMissing == 0);
    f.add("more");
    f.minute();
    f.pool.close();
    CHECK(f.isSound());
  }

  TEST_CASE("a database that open() has restored is not told of twice") {
    StartUpFixture f;
    f.config.commitNoteInterval = 1min;
    f.makeWithBackup();
    replacePage(f.config.database, 20, std::string(kPageBytes, '\xff'));
    f.config.checkAtOpen = OpenCheck::Always;
    const OpenReport report = f.pool.open(f.config);
    CHECK(report.recovery.action == RecoveryAction::Restored);
    CHECK(report.commitsMissing == 0);
    f.pool.close();
    CHECK(f.pool.open(f.config).commitsMissing == 0);
  }

  TEST_CASE("a write handle that was renewed counts on") {
    Noted f;
    f.config.maxConnectionAge = 30s;
    f.openWithRows(3);
    f.minute();
    f.add("one");
    f.minute();
    f.add("two");
    f.minute();
    f.pool.close();
    CHECK(f.pool.open(f.config).commitsMissing == 0);
  }

  TEST_CASE("a note that fails is taken by a later round") {
    FaultyDisk disk;
    Noted f;
    f.openWithRows(3);
    f.minute();
    f.add("one");
    disk.fail({.role = FileRole::Log, .action = FileAction::Write, .times = IoFault::kForEver});
    const std::string before = fileContent(f.note());
    f.minute();
    CHECK(fileContent(f.note()) == before);
    disk.heal();
    f.minute();
    f.minute();
    CHECK(fileContent(f.note()) != before);
    CHECK(f.rows() == 4);
  }
}
