// Several processes with several threads each on one database. tools/torture lets them run for a minute.

#include <doctest/doctest.h>

#include <chrono>

#include "reliability/process_run.hpp"

using namespace std::chrono_literals;
using namespace holdfast::test;

TEST_SUITE("reliability/processes") {
  TEST_CASE("no update of four processes with two threads each is lost") {
    const ProcessReport report = runProcesses(4, 2, 1500ms);
    MESSAGE(report.acknowledged, " updates, ", report.refused, " refused, longest ", report.longestMilliseconds,
            " ms, longest wait for own threads ", report.longestOwnMilliseconds, " ms");
    CHECK(report.acknowledged == report.found);
    CHECK(report.acknowledged > 0);
    CHECK(report.ended == 0);
    CHECK(report.sound);
  }
}
