// A point that was found is tried again by its id, alone, and shows the same.

#include <sqlite3.h>

#include <holdfast/testing/doctest.hpp>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "reliability/ledger.hpp"
#include "support/error_of.hpp"

using namespace holdfast;
using namespace holdfast::test;
using namespace holdfast::testing;

namespace {

/// The finding that replaying its point shows last; those of the run itself come before it.
Finding replayed(const Scenario& scenario, PowerCutOptions options, const Finding& finding) {
  options.run.only = finding.point;
  const FaultReport report = runPowerCuts(scenario, options);
  CHECK(report.points == 1);
  CHECK_FALSE(report.skipped);
  if (report.findings.empty()) return {Verdict::Failed, "", "nothing was found"};
  return report.findings.back();
}

void checkReplay(const Scenario& scenario, const PowerCutOptions& options, const Finding& finding) {
  const Finding again = replayed(scenario, options, finding);
  CHECK(again.point == finding.point);
  CHECK(again.verdict == finding.verdict);
  CHECK(again.what == finding.what);
}

bool isOfRun(const Finding& finding, std::uint64_t run) {
  return finding.point.find("cut:1:" + std::to_string(run) + ":") != std::string::npos;
}

FaultReport failingCalls(const Scenario& scenario, const std::string& point) {
  FailingCallOptions options;
  options.failures = {Failure::NoSpace};
  options.run.only = point;
  return runFailingCalls(scenario, options);
}

}  // namespace

TEST_SUITE("reliability/fault_replay") {
  TEST_CASE("a cut after failures on the way replays as it was found") {
    const Scenario scenario = plainLedger("failing", "DELETE", "FULL");
    PowerCutOptions options;
    options.cuts = 60;
    options.cutsPerRun = 10;
    options.failuresOnTheWay = 4;
    options.run.enough = 1000;
    const FaultReport report = runPowerCuts(scenario, options);
    int tried = 0;
    for (const Finding& finding : report.findings) {
      if (!isOfRun(finding, 0)) ++tried;
      checkReplay(scenario, options, finding);
    }
    CHECK(tried > 2);
  }

  TEST_CASE("the restart of a point draws the same random numbers in a replay, and so does one that is cut short") {
    Scenario scenario = plainLedger("random", "WAL", "FULL");
    const auto drawn = std::make_shared<std::uint64_t>(0);
    scenario.restart = [drawn](const std::string& database) {
      sqlite3_randomness(sizeof *drawn, drawn.get());
      sqlite3* handle = nullptr;
      sqlite3_open(database.c_str(), &handle);
      sqlite3_exec(handle, "CREATE TABLE IF NOT EXISTS started(x); INSERT INTO started VALUES (random())", nullptr,
                   nullptr, nullptr);
      sqlite3_close(handle);
    };
    scenario.invariant = [drawn](sqlite3*) { return "drawn " + std::to_string(std::exchange(*drawn, 0)); };
    PowerCutOptions options;
    options.cuts = 20;
    options.secondCutEvery = 2;
    options.run.enough = 1000;
    const FaultReport report = runPowerCuts(scenario, options);
    CHECK(report.secondCuts > 0);
    REQUIRE(report.findings.size() > 10);
    for (const Finding& finding : report.findings) checkReplay(scenario, options, finding);
  }

  TEST_CASE("a run and a set-up are replayed by their ids, too") {
    Scenario scenario = plainLedger("work", "WAL", "FULL");
    scenario.work = [](Attempt&) { throw std::runtime_error("mine"); };
    for (const std::uint64_t failures : {0U, 4U}) {
      PowerCutOptions options;
      options.failuresOnTheWay = failures;
      checkReplay(scenario, options, runPowerCuts(scenario, options).findings.at(0));
    }
    checkReport(failingCalls(scenario, "work/setUp"));
    scenario.setUp = [](const std::string&) { throw std::runtime_error("no set-up"); };
    checkReplay(scenario, {}, runPowerCuts(scenario).findings.at(0));
  }

  TEST_CASE("a point that other runs have is skipped") {
    const Scenario scenario = plainLedger("rows", "WAL", "FULL");
    for (const char* point :
         {"rows/cut:1:0:0:0", "rows/run:1:0", "rows/allocation:cpp:once:0", "rows/call:ioError:once:0"}) {
      const FaultReport report = failingCalls(scenario, point);
      CHECK(report.skipped);
      CHECK(report.text().find("nothing was tried") == 0);
      checkReport(report);
    }
    PowerCutOptions options;
    for (const char* point : {"rows/cut:1:0:0:0:100", "rows/run:1:1:100", "rows/call:ioError:once:0"}) {
      options.run.only = point;
      CHECK(runPowerCuts(scenario, options).skipped);
    }
    CHECK_FALSE(failingCalls(scenario, "rows/call:noSpace:once:0").skipped);
  }

  TEST_CASE("what is no point at all is refused") {
    const Scenario scenario = plainLedger("rows", "WAL", "FULL");
    for (const char* point :
         {"rows/", "rows/cuts:1:0:0:0", "rows/cut:1:0:0", "rows/cut:1:0:0:0:0:0", "rows/cut:1:0:0:x", "rows/cut:1:0:0:",
          "rows/run:1", "rows/setUp:1", "rows/call:ioErr:once:0", "rows/call:ioError:twice:0", "rows/call:ioError:once",
          "rows/call:ioError:once:-1", "rows/allocation:once:7", "rows/allocation:java:once:7", "other/cut:1:0:0:0"}) {
      CAPTURE(point);
      CHECK(codeOf([&] { failingCalls(scenario, point); }) == ErrorCode::InvalidArgument);
    }
  }
}
