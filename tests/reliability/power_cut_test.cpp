// Power cuts, simulated on a record of what SQLite asked of the disk. tools/torture tries ten times as many and more.

#include <holdfast/testing/doctest.hpp>

#include <holdfast/holdfast.hpp>

#include "reliability/ledger.hpp"

using namespace holdfast;
using namespace holdfast::test;
using namespace holdfast::testing;

namespace {

/// Fewer where everything is slower.
PowerCutOptions options(std::uint64_t cuts) {
  PowerCutOptions result;
  result.cuts = cuts / HOLDFAST_TEST_SLOWDOWN;
  return result;
}

}  // namespace

TEST_SUITE("reliability/power_cut") {
  TEST_CASE("a power cut takes back nothing that one writer was told is committed") {
    checkPowerCuts(ledger("one", {}), options(2000));
  }

  TEST_CASE("a power cut takes back nothing that one of six writers was told is committed") {
    checkPowerCuts(ledger("six", {.writers = 6, .transactions = 10}), options(2000));
  }

  TEST_CASE("a second cut while the first is recovered from takes back nothing either") {
    PowerCutOptions wanted = options(300);
    wanted.secondCutEvery = 1;
    const FaultReport report = runPowerCuts(ledger("second", {}), wanted);
    checkReport(report);
    CHECK(report.secondCuts > report.points * 2 / 3);
  }

  TEST_CASE("writes and syncs that fail before the cut change nothing about it") {
    for (const int writers : {1, 6}) {
      PowerCutOptions wanted = options(600);
      wanted.failuresOnTheWay = 4;
      wanted.cutsPerRun = 20;
      const FaultReport report =
          runPowerCuts(ledger("failing", {.writers = writers, .transactions = 60 / writers}), wanted);
      checkReport(report);
      CHECK(report.faults > 0);
    }
  }

  TEST_CASE("a cut that ruins much around the write costs at most what came after the last backup") {
    for (const std::size_t bytes : {std::size_t{16384}, std::size_t{65536}}) {
      PowerCutOptions wanted = options(300);
      wanted.device.damageBytes = bytes;
      wanted.loss = Loss::Suffix;
      checkPowerCuts(ledger("flash", {.carefulFlash = true, .backsUp = true}), wanted);
    }
  }

  TEST_CASE("under weaker durability a power cut takes back the end and nothing else") {
    PowerCutOptions wanted = options(2000);
    wanted.loss = Loss::Suffix;
    const FaultReport report =
        runPowerCuts(ledger("normal", {.writers = 2, .transactions = 20, .durability = Durability::Normal}), wanted);
    checkReport(report);
    CHECK(report.lostSuffix > 0);
  }

  TEST_CASE("sectors may be as large as 64 KiB, and transactions larger than the cache") {
    for (const std::size_t sectorBytes : {512U, 4096U, 65536U}) {
      PowerCutOptions wanted = options(300);
      wanted.device.sectorBytes = sectorBytes;
      checkPowerCuts(ledger("large", {.transactions = 10, .textFactor = 40, .cacheSize = 16 * KiB}), wanted);
    }
  }

  TEST_CASE("page checksums change nothing about it, and are right after each cut") {
    checkPowerCuts(ledger("checksums", {.pageChecksums = true}), options(1000));
    checkPowerCuts(ledger("checksums6", {.writers = 6, .transactions = 10, .pageChecksums = true}), options(500));
    checkPowerCuts(ledger("converts", {.transactions = 3, .pageChecksums = true, .addsChecksums = true}), options(500));
    PowerCutOptions wanted = options(300);
    wanted.failuresOnTheWay = 4;
    wanted.cutsPerRun = 20;
    checkPowerCuts(
        ledger("checksumsLarge", {.transactions = 10, .textFactor = 40, .cacheSize = 16 * KiB, .pageChecksums = true}),
        wanted);
  }

  TEST_CASE(
      "with carefulFlash nothing is lost where a cut ruins the 4 KiB around a write, and without it something is") {
    PowerCutOptions wanted = options(1000);
    wanted.device.damageBytes = 4096;
    checkPowerCuts(ledger("careful", {.carefulFlash = true}), wanted);
    wanted.run.enough = 1;
    CHECK_FALSE(runPowerCuts(ledger("careless", {}), wanted).ok());
  }
}
