#include "policy/pool_sizing.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <holdfast/units.hpp>

using namespace holdfast;

namespace {

/// A pool of four at work, with nothing to advise.
SizingFigures contented() {
  SizingFigures figures;
  figures.rounds = 6;
  figures.acquires = 1000;
  figures.readWaits = 3;
  figures.mostHandles = 4;
  figures.poolSize = figures.targetSize = 4;
  figures.memoryLimit = 4 * MiB;
  figures.peakBytes = 2 * MiB;
  return figures;
}

}  // namespace

TEST_SUITE("policy/pool_sizing") {
  TEST_CASE("nothing is advised where all is well or too little was seen") {
    CHECK(adviseSizes(contented()).empty());
    SizingFigures figures = contented();
    figures.readWaits = 900;
    figures.rounds = 2;
    CHECK(adviseSizes(figures).empty());
    figures.rounds = 6;
    figures.acquires = 99;
    CHECK(adviseSizes(figures).empty());
  }

  TEST_CASE("a larger pool is advised where readers waited while all handles were open") {
    SizingFigures figures = contented();
    figures.readWaits = 10;
    const auto advice = adviseSizes(figures);
    REQUIRE(advice.size() == 1);
    CHECK(advice[0].knob == SizingKnob::PoolSize);
    CHECK(advice[0].present == 4);
    CHECK(advice[0].suggested == 6);
    CHECK(advice[0].reason == "10 of 1000 acquires waited for a reader while all 4 handles were open");
    figures.mostHandles = 3;
    CHECK(adviseSizes(figures).empty());
    figures.mostHandles = figures.poolSize = 59;
    CHECK(adviseSizes(figures).at(0).suggested == 60);
    figures.mostHandles = figures.poolSize = 60;
    CHECK(adviseSizes(figures).empty());
  }

  TEST_CASE("a smaller pool is advised where handles were never opened and nobody waited") {
    SizingFigures figures = contented();
    figures.readWaits = 0;
    figures.mostHandles = 2;
    const auto advice = adviseSizes(figures);
    REQUIRE(advice.size() == 1);
    CHECK(advice[0].suggested == 2);
  }

  TEST_CASE("more memory is advised where it was refused or found only alone") {
    SizingFigures figures = contented();
    figures.runsAlone = 1;
    auto advice = adviseSizes(figures);
    REQUIRE(advice.size() == 1);
    CHECK(advice[0].knob == SizingKnob::MemoryLimit);
    CHECK(advice[0].suggested == 6 * MiB);
    figures.runsAlone = 0;
    figures.refusals = 2;
    CHECK(adviseSizes(figures).size() == 1);
    figures.memoryLimit = 0;
    CHECK(adviseSizes(figures).empty());
  }

  TEST_CASE("less memory is advised where most of it was never used") {
    SizingFigures figures = contented();
    figures.peakBytes = 900 * KiB;
    CHECK(adviseSizes(figures).at(0).suggested == 1800 * KiB);
    figures.peakBytes = 10 * KiB;
    CHECK(adviseSizes(figures).at(0).suggested == 256 * KiB);
    figures.memoryLimit = 256 * KiB;
    CHECK(adviseSizes(figures).empty());
  }

  TEST_CASE("a window holds the figures of the last six to twelve rounds") {
    SizingWindow window;
    SizingFigures totals;
    totals.poolSize = 4;
    CHECK(window.figures(totals).rounds == 0);
    CHECK(window.figures(totals).utilisation == doctest::Approx(0));
    for (std::uint64_t round = 1; round <= 20; ++round) {
      totals.acquires = 100 * round;
      totals.readWaits = round;
      totals.peakBytes = round == 1 ? 9000 : 1000;
      window.addRound(totals, 2, round == 1 ? 4 : 3);
      const SizingFigures figures = window.figures(totals);
      CHECK(figures.rounds == (round <= 12 ? round : 6 + (round - 1) % 6 + 1));
      CHECK(figures.utilisation == doctest::Approx(50));
      CHECK(figures.mostHandles == (round <= 12 ? 4 : 3));
      CHECK(figures.peakBytes == (round <= 12 ? 9000 : 1000));
    }
    totals.acquires += 7;
    // Since the twelfth round.
    CHECK(window.figures(totals).acquires == 2007 - 1200);
    CHECK(window.figures(totals).readWaits == 20 - 12);
  }

  TEST_CASE("JSON has the figures and the advice") {
    SizingReport report{contented(), {{SizingKnob::MemoryLimit, 1, 2, "because"}}};
    const nlohmann::json json = toJson(report);
    CHECK(json["figures"].size() == 13);
    CHECK(json["figures"]["readWaits"] == 3);
    CHECK(json["advice"][0] ==
          nlohmann::json{{"knob", "memoryLimit"}, {"present", 1}, {"suggested", 2}, {"reason", "because"}});
    CHECK(toText(SizingKnob::PoolSize) == "poolSize");
    CHECK(toText(static_cast<SizingKnob>(9)) == "unknown");
  }
}
