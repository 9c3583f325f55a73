// A part of what the program allocation_sweep does: allocations of everything that a pool does fail, SQLite's and
// C++'s. Nothing crashes, leaks, loses or invents a row, and the pool works on.

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <string>

#include "memory/sweep.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

// So many that a debug build takes seconds; not a divisor of anything that repeats.
constexpr std::int64_t kStride = 17;

int* volatile lost = nullptr;  // A compiler may leave out what nobody can look at.

void checkAll(std::span<const Scenario> scenarios) {
  for (const Scenario& scenario : scenarios) {
    std::int64_t points = 0;
    for (const SweepPlan& plan : plansFor(scenario, kStride)) {
      const SweepResult result = sweep(scenario, plan);
      points += result.points;
      CHECK_MESSAGE(result.problems == 0, toText(scenario, plan, result));
      CHECK(result.finished);
    }
    CHECK(points > 0);
  }
}

}  // namespace

TEST_SUITE("memory/allocation sweep") {
  TEST_CASE("opening and reading and housekeeping and closing survive every lack of memory") {
    checkAll(poolScenarios());
  }

  TEST_CASE("transactions and posted work and calls on other threads survive every lack of memory") {
    checkAll(writeScenarios());
  }

  TEST_CASE("repositories survive every lack of memory") { checkAll(repositoryScenarios()); }

  TEST_CASE("a sweep finds what is wrong") {
    const auto nothing = [](World&) {};
    const auto problemsOf = [](const Scenario& scenario) {
      const SweepResult result = sweep(scenario, {});
      CHECK(toText(scenario, {}, result).find("PROBLEMS") != std::string::npos);
      return result.problems;
    };
    CHECK(problemsOf({"a lost row", nothing, [](World& world) { world.claim("lost", 1, [] {}); }}) > 0);
    CHECK(problemsOf({"an invented row", [](World& world) { world.open(); },
                      [](World& world) {
                        world.claim("made", 1, [&] {
                          world.pool.run("INSERT INTO item(name) VALUES ('made')");
                          throw Error(ErrorCode::MemoryLimit, "although it was written");
                        });
                      }}) > 0);
    CHECK(problemsOf({"a leak", nothing, [](World&) { lost = new int(7); }}) > 0);
    CHECK(problemsOf({"a lost slot", [](World& world) { world.open(); },
                      [](World& world) { new PooledConnection(world.pool.acquire()); }}) > 0);
    CHECK(problemsOf({"a wrong error", nothing, [](World&) {
                        const std::unique_ptr<int> memory(new (std::nothrow) int(7));
                        if (memory == nullptr) throw Error(ErrorCode::Corrupt, "it is not");
                      }}) > 0);
    CHECK(problemsOf({"a crash", nothing, [](World&) {
                        const std::unique_ptr<int> memory(new (std::nothrow) int(7));
                        if (memory == nullptr) std::_Exit(9);
                      }}) > 0);
  }
}
