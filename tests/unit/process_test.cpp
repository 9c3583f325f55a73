#include "core/port/process.hpp"

#include <doctest/doctest.h>

#include <set>

#include "support/child_process.hpp"

using holdfast::port::forkGeneration;
using holdfast::port::randomUnit;
using holdfast::test::inChild;

TEST_SUITE("core/process") {
  TEST_CASE("each fork is a generation of its own though nobody asked before it") {
    // Nothing here calls forkGeneration() in the parent first.
    CHECK(inChild([] { return static_cast<int>(forkGeneration()); }) == 1);
    CHECK(inChild([] { return inChild([] { return static_cast<int>(forkGeneration()); }); }) == 2);
    CHECK(forkGeneration() == 0);
  }

  TEST_CASE("random numbers fill the unit interval evenly") {
    constexpr int kDraws = 10'000;
    double sum = 0;
    std::set<double> seen;
    for (int i = 0; i < kDraws; ++i) {
      const double number = randomUnit();
      REQUIRE(number >= 0.0);
      REQUIRE(number < 1.0);
      sum += number;
      seen.insert(number);
    }
    // Six standard deviations of the mean: 6 / sqrt(12 * 10000) = 0.0173.
    CHECK(sum / kDraws == doctest::Approx(0.5).epsilon(0.035));
    CHECK(seen.size() == kDraws);
  }

  TEST_CASE("a child does not repeat the random numbers of its parent") {
    constexpr int kDraws = 100;
    int pipes[2];
    REQUIRE(::pipe(pipes) == 0);
    const int status = inChild([&pipes] {
      for (int i = 0; i < kDraws; ++i) {
        const double number = randomUnit();
        if (::write(pipes[1], &number, sizeof number) != sizeof number) return 1;
      }
      return 0;
    });
    REQUIRE(status == 0);
    std::set<double> seen;
    for (int i = 0; i < kDraws; ++i) {
      double number = 0;
      REQUIRE(::read(pipes[0], &number, sizeof number) == sizeof number);
      seen.insert(number);
      seen.insert(randomUnit());
    }
    ::close(pipes[0]);
    ::close(pipes[1]);
    CHECK(seen.size() == 2 * kDraws);
  }
}
