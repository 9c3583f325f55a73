// Damaged and hostile files, a few of each kind. tools/torture tries 2,000.

#include <doctest/doctest.h>

#include "reliability/damaged_files.hpp"

using namespace holdfast::test;

TEST_SUITE("reliability/damaged_files") {
  TEST_CASE(
      "a damaged file ends no process, is never taken for new, is kept, and is restored where there is a backup") {
    CHECK(kindsOfDamagedFiles() >= 20);
    const DamagedFilesReport report = runDamagedFiles(4 * kindsOfDamagedFiles() / HOLDFAST_TEST_SLOWDOWN, 1);
    CHECK_MESSAGE(report.ok(), report.text());
    MESSAGE(report.text());
  }
}
