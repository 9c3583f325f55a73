// A medium that fills up, turns read-only and goes away, some times. tools/torture does it 200 times.

#include <doctest/doctest.h>

#include "reliability/storage_run.hpp"

using namespace holdfast::test;

TEST_SUITE("reliability/storage_run") {
  TEST_CASE("a full, a read-only and a missing medium cost no acknowledged row, and writes go on by themselves") {
    const StorageReport report = runStorage(3, 1);
    CHECK(report.ok());
    for (const std::string& fault : report.faults) MESSAGE(fault);
  }
}
