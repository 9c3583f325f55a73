// The kit itself: what it plants it must see, and what it says must be true.

#include <sqlite3.h>
#include <unistd.h>

#include <holdfast/testing/doctest.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include <holdfast/testing/allocation_faults.hpp>

#include "reliability/ledger.hpp"
#include "support/child_process.hpp"
#include "support/error_of.hpp"
#include "support/raw_sqlite.hpp"
#include "support/temp_directory.hpp"
#include "testing/workspace.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;
using namespace holdfast::testing;

namespace {

std::uint64_t count(const FaultReport& report, Verdict verdict) {
  return report.counts[static_cast<std::size_t>(verdict)];
}

PowerCutOptions someCuts(std::uint64_t cuts = 200) { return {.cuts = cuts, .run = {.enough = 1000}}; }

/// A table with rows that the work adds, outside of any transaction.
Scenario rows(const std::function<void(Attempt&, RawSqlite&)>& work) {
  Scenario scenario;
  scenario.name = "rows";
  scenario.setUp = [](const std::string& database) { RawSqlite(database).run("CREATE TABLE t(x INTEGER)"); };
  scenario.work = [work](Attempt& attempt) {
    RawSqlite raw(attempt.database());
    work(attempt, raw);
  };
  scenario.invariant = [](sqlite3* handle) -> std::string {
    return rawInteger(handle, "SELECT count(*) % 2 FROM t") == 0 ? "" : "an odd number of rows";
  };
  return scenario;
}

void nothing(Attempt&, RawSqlite&) {}

}  // namespace

TEST_SUITE("reliability/fault_kit") {
  TEST_CASE("faults have names, and folders that are not there are errors") {
    CHECK(toText(AllocationKind::Any) == "any");
    CHECK(toText(AllocationKind::Cpp) == "cpp");
    CHECK(toText(AllocationKind::Sqlite) == "sqlite");
    CHECK(toText(Failure::ShortRead) == "shortRead");
    CHECK(toText(Failure::FlippedBit) == "flippedBit");
    CHECK(liveSqliteAllocations() <= totalSqliteAllocations());
    CHECK(codeOf([] { readFiles("/there/is/none"); }) == ErrorCode::IoError);
    CHECK(codeOf([] { writeFiles("/there/is/none", {}); }) == ErrorCode::IoError);
    CHECK(codeOf([] { Workspace("/there/is/none"); }) == ErrorCode::IoError);
  }

  TEST_CASE("a journal whose deletion is not synced loses the last transaction, and its point replays that") {
    const FaultReport report = runPowerCuts(plainLedger("delete", "DELETE", "FULL"), someCuts());
    CHECK(count(report, Verdict::Lost) > report.points / 10);
    CHECK(count(report, Verdict::Lost) < report.points / 2);
    CHECK(count(report, Verdict::Torn) + count(report, Verdict::Corrupt) == 0);
    REQUIRE_FALSE(report.findings.empty());
    PowerCutOptions again;
    again.run.only = report.findings.back().point;
    const FaultReport replayed = runPowerCuts(plainLedger("delete", "DELETE", "FULL"), again);
    CHECK(replayed.points == 1);
    REQUIRE(replayed.findings.size() == 1);
    CHECK(replayed.findings[0].what == report.findings.back().what);
    CHECK(replayed.trace.size() > 1);
    CHECK(replayed.text().find("delete test.db-journal") != std::string::npos);
    CHECK(toJson(replayed)["verdicts"]["lost"] == 1);
  }

  TEST_CASE("what SQLite promises with its other modes is found to hold") {
    checkPowerCuts(plainLedger("extra", "DELETE", "EXTRA"), someCuts());
    checkPowerCuts(plainLedger("truncate", "TRUNCATE", "FULL"), someCuts());
    checkPowerCuts(plainLedger("persist", "PERSIST", "FULL"), someCuts());
    checkPowerCuts(plainLedger("wal", "WAL", "FULL"), someCuts());
  }

  TEST_CASE("without syncs files are damaged, and beside a torn write on cheap flash") {
    const FaultReport off = runPowerCuts(plainLedger("off", "WAL", "OFF"), someCuts());
    CHECK(count(off, Verdict::Corrupt) + count(off, Verdict::Torn) > 0);
    CHECK(count(runPowerCuts(plainLedger("normal", "WAL", "NORMAL"), someCuts()), Verdict::Lost) > 0);
    PowerCutOptions flash = someCuts();
    flash.device.damageBytes = 4096;
    CHECK(count(runPowerCuts(plainLedger("flash", "WAL", "FULL"), flash), Verdict::Lost) > 0);
  }

  TEST_CASE("each operation of a run can be cut at") {
    PowerCutOptions options;
    options.cuts = 0;
    const FaultReport report = runPowerCuts(plainLedger("each", "WAL", "FULL"), options);
    CHECK(report.ok());
    CHECK(report.points == report.operations + 1);
  }

  TEST_CASE("what belongs together and was not written in one transaction is torn") {
    const Scenario scenario = rows([](Attempt&, RawSqlite& raw) {
      raw.run("INSERT INTO t VALUES (1)");
      raw.run("INSERT INTO t VALUES (2)");
    });
    CHECK(count(runPowerCuts(scenario, someCuts()), Verdict::Torn) > 0);
    CHECK(count(runFailingCalls(scenario), Verdict::Torn) > 0);
  }

  TEST_CASE("what the work leaves open, throws when all is well, or does past SQLite is found") {
    sqlite3* left = nullptr;
    const Scenario leaking = rows([&left](Attempt& attempt, RawSqlite&) {
      sqlite3_open(attempt.database().c_str(), &left);
      sqlite3_exec(left, "SELECT * FROM t", nullptr, nullptr, nullptr);
    });
    PowerCutOptions one = someCuts(1);
    one.run.enough = 1;
    CHECK(count(runPowerCuts(leaking, one), Verdict::Leaked) == 1);
    sqlite3_close(left);
    const Scenario throwing = rows([](Attempt&, RawSqlite&) { throw std::runtime_error("mine"); });
    CHECK(runPowerCuts(throwing, someCuts(1)).findings.at(0).what == "mine");
    const Scenario past =
        rows([](Attempt& attempt, RawSqlite&) { std::ofstream(attempt.database() + "-more") << 'x'; });
    CHECK(count(runPowerCuts(past, someCuts(1)), Verdict::Failed) > 0);
    Scenario unready = rows(nothing);
    unready.setUp = [](const std::string&) { throw std::runtime_error("no set-up"); };
    const FaultReport report = runFailingCalls(unready);
    CHECK(report.points == 0);
    CHECK(report.findings.at(0).point == "rows/setUp");
    Scenario stuck = rows([](Attempt&, RawSqlite& raw) { raw.run("INSERT INTO t VALUES (1), (2)"); });
    stuck.restart = [](const std::string&) { throw std::runtime_error("no restart"); };
    CHECK(count(runPowerCuts(stuck, someCuts(5)), Verdict::Failed) == 5);
  }

  TEST_CASE("work that fails although the disk is well again has not healed") {
    const Scenario scenario = rows([](Attempt& attempt, RawSqlite& raw) {
      const bool failed = raw.tryRun("INSERT INTO t VALUES (1), (2)") != SQLITE_OK;
      attempt.heal();
      if (failed) throw std::runtime_error("still broken");
    });
    const FaultReport report = runFailingCalls(scenario, {.failures = {Failure::NoSpace}});
    CHECK(count(report, Verdict::NotHealed) > 0);
    FailingCallOptions again;
    again.run.only = report.findings.at(0).point;
    CHECK(count(runFailingCalls(scenario, again), Verdict::NotHealed) == 1);
    // A point of another kind is none of these; one of another scenario is a mistake.
    PowerCutOptions other;
    other.run.only = report.findings.at(0).point;
    CHECK(runPowerCuts(scenario, other).skipped);
    other.run.only = "other/cut:1:2:3:4";
    CHECK(codeOf([&] { runPowerCuts(scenario, other); }) == ErrorCode::InvalidArgument);
    REQUIRE(::setenv("HOLDFAST_FAULT_POINT", again.run.only.c_str(), 1) == 0);
    CHECK(runFailingCalls(scenario).runs == 1);
    ::unsetenv("HOLDFAST_FAULT_POINT");
  }

  TEST_CASE("the application starts again with what the failing run left, a journal to roll back included") {
    int journals = 0;
    Scenario scenario = rows([](Attempt&, RawSqlite& raw) { raw.tryRun("INSERT INTO t VALUES (1), (2)"); });
    scenario.restart = [&journals](const std::string& database) {
      // Once it has been rolled back it is deleted, or begins with a zero.
      if (std::ifstream journal(database + "-journal"); journal.get() > 0) ++journals;
      RawSqlite(database).integer("SELECT count(*) FROM t");
    };
    checkFailingCalls(scenario, {.failures = {Failure::IoError}});
    CHECK(journals > 0);
  }

  TEST_CASE("a point that hangs ends the process and leaves no files") {
    const TempDirectory directory;
    const int code = inChild([&directory] {
      const Scenario scenario = rows([](Attempt&, RawSqlite&) {
        while (true) ::pause();
      });
      runPowerCuts(scenario, {.run = {.directory = directory.path(), .timeLimit = 20ms}});
      return 0;
    });
    CHECK(code == 70);
    CHECK(std::filesystem::is_empty(directory.path()));
  }

  TEST_CASE("what makes no sense is refused") {
    const auto refused = [](const Scenario& scenario, const PowerCutOptions& options = {}) {
      return codeOf([&] { runPowerCuts(scenario, options); }) == ErrorCode::InvalidArgument;
    };
    Scenario scenario = rows(nothing);
    CHECK(refused(scenario, {.device = {.sectorBytes = 100}}));
    CHECK(refused(scenario, {.device = {.damageBytes = 3}}));
    CHECK(refused(scenario, {.cutsPerRun = 0}));
    CHECK(refused(scenario, {.loss = Loss::Suffix}));
    CHECK(codeOf([&] { runFailingCalls(scenario, {.step = 0}); }) == ErrorCode::InvalidArgument);
    scenario.name = "a b";
    CHECK(refused(scenario));
    CHECK(refused(Scenario{}));
    const FaultyDisk disk;
    CHECK(codeOf([] { FaultyDisk second; }) == ErrorCode::Misuse);
    CHECK(codeOf([] { runPowerCuts(rows(nothing)); }) == ErrorCode::Misuse);
    CHECK(codeOf([] { runPowerCuts(rows(nothing), {.run = {.directory = "/nowhere"}}); }) == ErrorCode::IoError);
  }

  TEST_CASE("SQLite's allocations cannot be made to fail where its allocator was not wrapped in time") {
    CHECK(codeOf([] { runFailingAllocations(rows(nothing)); }) == ErrorCode::Misuse);
    sqlite3_initialize();
    CHECK_FALSE(installAllocationFaults());
  }

  TEST_CASE("progress is told, and may end a set of runs") {
    PowerCutOptions options = someCuts();
    options.run.progress = [](const FaultReport& report) {
      if (report.points == 3) throw std::runtime_error("enough");
    };
    CHECK_THROWS_AS(runPowerCuts(plainLedger("told", "WAL", "FULL"), options), std::runtime_error);
  }
}
