// Databases of which the medium has changed one bit. tools/torture tries twenty times as many.

#include <doctest/doctest.h>

#include "reliability/bit_flip_run.hpp"

using namespace holdfast::test;

TEST_SUITE("reliability/bit_flip") {
  TEST_CASE("with page checksums no changed bit becomes wrong data") {
    const BitFlipReport report = runBitFlips({.flips = 500 / HOLDFAST_TEST_SLOWDOWN});
    CAPTURE(report.first);
    CHECK(report.ok());
    CHECK(report.wrong == 0);
    CHECK(report.reported > report.flips / 4);
  }

  TEST_CASE("without them many do") {
    const BitFlipReport report = runBitFlips({.flips = 200 / HOLDFAST_TEST_SLOWDOWN, .checksums = false});
    CHECK(report.wrong > report.flips / 4);
  }
}
