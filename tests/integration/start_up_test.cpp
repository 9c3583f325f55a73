// What open() does with a database that is damaged or lost.

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <holdfast/holdfast.hpp>

#include "integration/start_up_fixture.hpp"
#include "support/failing_allocation.hpp"
#include "support/faulty_vfs.hpp"
#include "support/no_logger.hpp"
#include "support/raw_sqlite.hpp"
#include "support/small_file_system.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace fs = std::filesystem;

TEST_SUITE("integration/start_up") {
  TEST_CASE("a database that was closed is opened without a look at all of it") {
    StartUpFixture f;
    f.makeWithBackup();
    const OpenReport report = f.pool.open(f.config);
    CHECK(report.recovery.cause == RecoveryCause::None);
    CHECK(report.recovery.action == RecoveryAction::None);
    CHECK_FALSE(report.recovery.checked.has_value());
    CHECK(report.warnings.empty());
    CHECK(f.events->count(EventKind::DatabaseRecovered) == 0);
  }

  TEST_CASE("one that was not closed is checked, and found sound") {
    StartUpFixture f;
    f.make();
    leaveLog(f.config.database);
    const OpenReport report = f.pool.open(f.config);
    CHECK(report.recovery.cause == RecoveryCause::UncleanStop);
    CHECK(report.recovery.action == RecoveryAction::None);
    CHECK(report.recovery.checked == VerifyResult::Sound);
    CHECK(report.recovery.took.count() > 0);
    CHECK(f.pool.metrics().recoveryTook[static_cast<std::size_t>(RecoveryCause::UncleanStop)] == report.recovery.took);
    CHECK(f.rows() == kRows);
    f.pool.close();
    leaveLog(f.config.database);
    f.config.checkAtOpen = OpenCheck::Never;
    CHECK_FALSE(f.pool.open(f.config).recovery.checked.has_value());
    f.pool.close();
    f.config.checkAtOpen = OpenCheck::Always;
    CHECK(f.pool.open(f.config).recovery.checked == VerifyResult::Sound);
  }

  TEST_CASE("one that another process has open has a log as well, and was checked there") {
    StartUpFixture f;
    f.make();
    {
      RawSqlite other(f.config.database);
      other.run("PRAGMA journal_mode=WAL");
      other.integer("SELECT count(*) FROM item");
      REQUIRE(fs::exists(f.config.database + "-wal"));
      const OpenReport report = f.pool.open(f.config);
      CHECK(report.recovery.cause == RecoveryCause::None);
      CHECK_FALSE(report.recovery.checked.has_value());
      f.pool.close();
    }
  }

  TEST_CASE("a check that takes too long ends with a warning, and the database is opened") {
    StartUpFixture f;
    f.make();
    leaveLog(f.config.database);
    f.config.checkAtOpenLimit = 1ms;
    const OpenReport report = f.pool.open(f.config);
    CHECK((report.recovery.checked == VerifyResult::Sound || report.warnings.size() == 1));
    CHECK(f.rows() == kRows);
  }

  TEST_CASE("a database that is missing or empty although a backup is there is lost and not new") {
    for (const bool empty : {false, true}) {
      CAPTURE(empty);
      StartUpFixture f;
      f.makeWithBackup();
      fs::remove(f.config.database);
      if (empty) writeFile(f.config.database, "");
      const OpenReport report = f.pool.open(f.config);
      CHECK_FALSE(report.created);
      CHECK(report.recovery.cause == RecoveryCause::Lost);
      CHECK(report.recovery.action == RecoveryAction::Restored);
      CHECK(report.recovery.backup == f.backup);
      CHECK(f.rows() == kRows);
      CHECK(f.pool.metrics().recoveryTook[static_cast<std::size_t>(RecoveryCause::Lost)].count() > 0);
    }
  }

  TEST_CASE("a log without its database is no new database, and both stay") {
    StartUpFixture f;
    f.make();
    fs::remove(f.config.database);
    writeFile(f.config.database + "-wal", "the rest");
    const auto error = errorOf([&] { f.open(); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::CannotOpen);
    CHECK(contains(error->what(), "lost"));
    CHECK_FALSE(fs::exists(f.config.database));
    CHECK(fileContent(f.config.database + "-wal") == "the rest");
    fs::remove(f.config.database + "-wal");
    CHECK(f.pool.open(f.config).created);
  }

  TEST_CASE("a backup that is damaged itself is passed over for the one before it") {
    StartUpFixture f;
    f.makeWithBackup();
    f.open();
    f.pool.backup(f.backup);
    f.pool.close();
    replacePage(f.backup, 20, std::string(kPageBytes, '\0'));
    replacePage(f.config.database, 30, std::string(kPageBytes, '\0'));
    leaveLog(f.config.database);
    const OpenReport report = f.pool.open(f.config);
    CHECK(report.recovery.action == RecoveryAction::Restored);
    CHECK(report.recovery.backup == f.backup + ".1");
    CHECK(report.warnings.size() == 2);
    CHECK(f.logger->contains("cannot be used"));
    CHECK(f.rows() == kRows);
    f.pool.close();
    // And where none is good, what can be read of the database is kept.
    replacePage(f.backup + ".1", 20, std::string(kPageBytes, '\0'));
    replacePage(f.config.database, 30, std::string(kPageBytes, '\0'));
    leaveLog(f.config.database);
    const OpenReport second = f.pool.open(f.config);
    CHECK(second.recovery.action == RecoveryAction::Salvaged);
    CHECK(second.recovery.quarantined.front() == f.quarantined(2));
    CHECK(f.rows() > kRows / 2);
    f.pool.close();
    // A lost one is not begun anew.
    fs::remove(f.config.database);
    CHECK(codeOf([&] { f.open(); }) == ErrorCode::CannotOpen);
    CHECK_FALSE(fs::exists(f.config.database));
  }

  TEST_CASE("reading that fails is no damage: the database is opened with a warning and nothing is replaced") {
    FaultyVfs vfs;
    StartUpFixture f;
    f.makeWithBackup();
    leaveLog(f.config.database);
    vfs.fail(FileRole::Database, FileAction::Read, SQLITE_IOERR_READ, 60, 1);
    CHECK(f.pool.open(f.config).recovery.checked == VerifyResult::Sound);
    CHECK(f.rows() == kRows + 1);
    f.pool.close();
    CHECK_FALSE(fs::exists(f.quarantined()));
    vfs.heal();
  }

  TEST_CASE("whichever allocation fails while a database is repaired, the next start comes to the same end") {
    StartUpFixture f;
    f.config.logger = std::make_shared<NoLogger>();
    f.makeWithBackup();
    replacePage(f.config.database, 20, std::string(kPageBytes, '\0'));
    const std::string damaged = fileContent(f.config.database);
    constexpr int kStep = 5;
    for (int n = 0;; n += kStep) {
      for (const auto& entry : fs::directory_iterator(f.directory.path())) {
        if (entry.path().filename().string().starts_with("test.db")) fs::remove(entry.path());
      }
      writeFile(f.config.database, damaged);
      leaveLog(f.config.database);
      std::optional<ErrorCode> code;
      bool failed = false;
      {
        FailingAllocation fault(n);
        code = codeOf([&] { f.open(); });
        failed = FailingAllocation::hasFailed();
      }
      CAPTURE(n);
      if (code) CHECK(*code == ErrorCode::MemoryLimit);
      if (code) f.open();
      CHECK(f.rows() == kRows);
      CHECK(fileContent(f.quarantined()) == damaged);
      f.pool.close();
      if (!failed) break;
    }
  }

  TEST_CASE("a full medium ends the repair with StorageFull and leaves everything as it is") {
    StartUpFixture f;
    const SmallFileSystem card(f.directory.file("card"), "4m");
    if (!card) return;
    f.config.database = card.file("test.db");
    f.makeWithBackup();
    replacePage(f.config.database, 20, std::string(kPageBytes, '\0'));
    const std::string damaged = fileContent(f.config.database);
    leaveLog(f.config.database);
    const std::uintmax_t room = fs::space(f.directory.file("card")).available;
    writeFile(card.file("ballast"), std::string(room - 200'000, 'x'));
    CHECK(codeOf([&] { f.open(); }) == ErrorCode::StorageFull);
    CHECK(fileContent(f.config.database) == damaged);
    CHECK_FALSE(fs::exists(f.config.database + ".restoring"));
    fs::remove(card.file("ballast"));
    CHECK(f.pool.open(f.config).recovery.action == RecoveryAction::Restored);
    f.pool.close();
  }

  TEST_CASE("no database is begun beneath storage that is away") {
    StartUpFixture f;
    f.config.mountPoint = f.directory.file("card");
    fs::create_directory(f.config.mountPoint);
    f.config.database = f.config.mountPoint + "/test.db";
    const auto error = errorOf([&] { f.open(); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::CannotOpen);
    CHECK(contains(error->what(), "nothing is mounted"));
    CHECK_FALSE(fs::exists(f.config.database));
    const SmallFileSystem card(f.config.mountPoint + "/inner", "512k");
    if (!card) return;
    f.config.mountPoint += "/inner";
    CHECK(codeOf([&] { f.open(); }) == ErrorCode::CannotOpen);  // It does not lie there.
    f.config.database = card.file("test.db");
    f.open();
    f.pool.close();
#if !defined(HOLDFAST_EMULATED)  // There it is a folder of the host's.
    f.config.mountPoint = "/";
    f.open();
    f.pool.close();
#endif
  }

  TEST_CASE("a start that was interrupted between two steps is carried on") {
    StartUpFixture f;
    f.makeWithBackup();
    const std::string good = fileContent(f.backup);
    const std::string damaged(20'000, 'x');
    SUBCASE("with half a replacement") {
      writeFile(f.config.database, damaged);
      writeFile(f.config.database + ".restoring", good.substr(0, 5000));
    }
    SUBCASE("with a replacement that is ready") {
      writeFile(f.config.database, damaged);
      writeFile(f.config.database + ".restored", good);
    }
    SUBCASE("with the database put aside and not yet its log") {
      fs::remove(f.config.database);
      writeFile(f.quarantined(), damaged);
      writeFile(f.config.database + "-wal", "log of the damaged one");
      writeFile(f.config.database + ".restored", good);
    }
    SUBCASE("with everything put aside") {
      fs::remove(f.config.database);
      writeFile(f.quarantined(), damaged);
      writeFile(f.quarantined() + "-wal", "log of the damaged one");
      writeFile(f.config.database + ".restored", good);
    }
    const OpenReport report = f.pool.open(f.config);
    CHECK(report.recovery.action == RecoveryAction::Restored);
    CHECK(f.rows() == kRows);
    CHECK(fileContent(f.quarantined()) == damaged);
    CHECK_FALSE(fs::exists(f.quarantined(2)));
    CHECK_FALSE(fs::exists(f.quarantined(2) + "-wal"));
    CHECK_FALSE(fs::exists(f.config.database + ".restored"));
    CHECK_FALSE(fs::exists(f.config.database + ".restoring"));
    f.pool.close();
    CHECK(f.pool.open(f.config).recovery.action == RecoveryAction::None);
  }

  TEST_CASE("what a start left behind that replaced nothing is removed when the database is sound") {
    StartUpFixture f;
    f.make();
    writeFile(f.config.database + ".restored", "x");
    writeFile(f.config.database + ".restoring", "x");
    CHECK(f.pool.open(f.config).recovery.action == RecoveryAction::None);
    CHECK(f.rows() == kRows);
    CHECK_FALSE(fs::exists(f.config.database + ".restored"));
    CHECK_FALSE(fs::exists(f.config.database + ".restoring"));
  }

  TEST_CASE("causes and actions have names") {
    CHECK(toText(RecoveryCause::Lost) == "lost");
    CHECK(toText(RecoveryAction::Salvaged) == "salvaged");
    CHECK(toText(static_cast<RecoveryCause>(99)) == "unknown");
    CHECK(toText(static_cast<RecoveryAction>(99)) == "unknown");
    CHECK(toText(OpenCheck::Never) == "never");
  }
}
