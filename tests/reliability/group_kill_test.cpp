// Processes killed while threads commit in groups: what was reported is there, and nothing is there by halves.
// tools/torture does it a thousand times.

#include <doctest/doctest.h>

#include <random>

#include "reliability/kill_run.hpp"

using namespace holdfast::test;

TEST_SUITE("reliability/group_kill") {
  TEST_CASE("a process killed in mid-group has kept every transaction that returned, and none by halves") {
    // No watchdog: the children may start threads only where this process has none of its own (under ThreadSanitizer).
    const KillReport report = runKills(20, std::random_device{}());
    MESSAGE(report.kills, " kills, ", report.acknowledged, " acknowledged transactions, at least ",
            report.sharedCommits, " shared commits, slowest recovery ", report.slowestRecovery(), " ms");
    CHECK(report.lost == 0);
    CHECK(report.torn == 0);
    CHECK(report.corrupt == 0);
    CHECK(report.phantom == 0);
    CHECK(report.ended == 0);
    CHECK(report.acknowledged > 0);
    CHECK(report.sharedCommits > 0);
  }
}
