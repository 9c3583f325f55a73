#include "policy/memory_budget.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <holdfast/units.hpp>

using holdfast::CacheWish;
using holdfast::divideMemory;
using holdfast::GiB;
using holdfast::KiB;
using holdfast::MemoryShares;
using holdfast::MemoryStage;
using holdfast::memoryStageOf;
using holdfast::MiB;
using holdfast::shareCaches;
using holdfast::sortBytes;

TEST_SUITE("policy/memory_budget") {
  TEST_CASE("without a limit every handle has its usual caches") {
    for (const std::size_t handles : {std::size_t{0}, std::size_t{1}, std::size_t{64}}) {
      const MemoryShares shares = divideMemory(0, handles);
      CHECK(shares.softLimit == 0);
      CHECK(shares.hardLimit == 0);
      CHECK(shares.cachePerHandle == 512 * KiB);
      CHECK(shares.statementsPerHandle == 256 * KiB);
    }
  }

  TEST_CASE("the soft limit lies at three quarters of the hard one") {
    const MemoryShares shares = divideMemory(4 * MiB, 8);
    CHECK(shares.hardLimit == 4 * MiB);
    CHECK(shares.softLimit == 3 * MiB);
  }

  TEST_CASE("caches and statements share the limit evenly over the handles") {
    const MemoryShares shares = divideMemory(8 * MiB, 4);
    CHECK(shares.cachePerHandle == 8 * MiB / 10 * 6 / 4);
    CHECK(shares.statementsPerHandle == 256 * KiB);  // As much as without a limit, not more.
    CHECK(divideMemory(1 * MiB, 4).statementsPerHandle == 1 * MiB / 100 * 15 / 4);
  }

  TEST_CASE("shares of ordinary limits leave a quarter of the limit free") {
    for (const std::int64_t limit : {1 * MiB, 4 * MiB, 64 * MiB}) {
      for (const std::size_t handles : {std::size_t{1}, std::size_t{4}, std::size_t{8}}) {
        const MemoryShares shares = divideMemory(limit, handles);
        CHECK(static_cast<std::int64_t>(handles) * (shares.cachePerHandle + shares.statementsPerHandle) <=
              limit / 4 * 3);
      }
    }
  }

  TEST_CASE("a share never falls below what a handle needs") {
    const MemoryShares shares = divideMemory(256 * KiB, 64);
    CHECK(shares.cachePerHandle == 16 * KiB);
    CHECK(shares.statementsPerHandle == 8 * KiB);
  }

  TEST_CASE("while heavy statements run caches leave room for them, and fall to the least that works") {
    CHECK(divideMemory(0, 8).heavyStatements == 0);
    CHECK(divideMemory(0, 8).cacheWhileHeavy == 512 * KiB);
    const MemoryShares large = divideMemory(16 * MiB, 8);
    CHECK(large.heavyStatements == 21);
    CHECK(large.cacheWhileHeavy == (16 * MiB / 10 * 6 - 21 * 384 * KiB) / 8);
    const MemoryShares small = divideMemory(512 * KiB, 4);
    CHECK(small.heavyStatements == 1);
    CHECK(small.cacheWhileHeavy == 16 * KiB);
  }

  TEST_CASE("a sort spills at three eighths of the limit within bounds") {
    CHECK(sortBytes(0) == 192 * KiB);
    CHECK(sortBytes(400 * KiB) == 150 * KiB);
    CHECK(sortBytes(100 * KiB) == 64 * KiB);
    CHECK(sortBytes(GiB) == 192 * KiB);
  }

  TEST_CASE("caches are shared out by use and the write handle comes first") {
    const std::array<CacheWish, 4> wishes{{{true, 100, 0}, {false, 100, 0}, {false, 400, 0}, {false, 0, 0}}};
    std::array<std::int64_t, 4> shares{};
    shareCaches(wishes, 4 * 16 * KiB + 500'000, shares);
    CHECK(shares[0] == 16 * KiB + 200'000);
    CHECK(shares[1] == 16 * KiB + 100'000);
    CHECK(shares[2] == 16 * KiB + 200'000);
    CHECK(shares[3] == 16 * KiB);
  }

  TEST_CASE("caches nobody used are shared evenly") {
    const std::array<CacheWish, 2> wishes{{{true, 0, 0}, {false, 0, 0}}};
    std::array<std::int64_t, 2> shares{};
    shareCaches(wishes, 200'000, shares);
    CHECK(shares[0] == shares[1]);
    CHECK(shares[0] == 16 * KiB + (200'000 - 2 * 16 * KiB) / 2);
    shareCaches(wishes, 0, shares);  // The least that works, whatever it adds up to.
    CHECK(shares[0] == 16 * KiB);
  }

  TEST_CASE("a cache grows only into what others have given up") {
    std::array<CacheWish, 3> wishes{{{false, 900, 50'000}, {false, 0, 100'000}, {false, 0, 50'000}}};
    std::array<std::int64_t, 3> shares{};
    const auto sum = [&] {
      std::int64_t bytes = 0;
      for (std::size_t i = 0; i < shares.size(); ++i) bytes += std::max(shares[i], wishes[i].applied);
      return bytes;
    };
    shareCaches(wishes, 200'000, shares);
    CHECK(shares[0] == 50'000);
    CHECK(sum() <= 200'000);
    for (std::size_t i = 0; i < shares.size(); ++i) wishes[i].applied = shares[i];
    shareCaches(wishes, 200'000, shares);
    CHECK(shares[0] > 160'000);
    CHECK(sum() <= 200'000);
  }

  TEST_CASE("no handles count as one") {
    CHECK(divideMemory(4 * MiB, 0).cachePerHandle == divideMemory(4 * MiB, 1).cachePerHandle);
  }

  TEST_CASE("the largest limit does not overflow") {
    const MemoryShares shares = divideMemory(1024 * GiB, 1);
    CHECK(shares.cachePerHandle > 0);
    CHECK(shares.softLimit == 768 * GiB);
    CHECK(memoryStageOf(1024 * GiB, 1024 * GiB, MemoryStage::Normal) == MemoryStage::Critical);
  }

  TEST_CASE("without a limit memory is never short") {
    CHECK(memoryStageOf(1024 * GiB, 0, MemoryStage::Normal) == MemoryStage::Normal);
    CHECK(memoryStageOf(1024 * GiB, 0, MemoryStage::Critical) == MemoryStage::Normal);
  }

  TEST_CASE("stages rise at 90 and 97 percent") {
    CHECK(memoryStageOf(0, 1000, MemoryStage::Normal) == MemoryStage::Normal);
    CHECK(memoryStageOf(899, 1000, MemoryStage::Normal) == MemoryStage::Normal);
    CHECK(memoryStageOf(900, 1000, MemoryStage::Normal) == MemoryStage::Pressure);
    CHECK(memoryStageOf(969, 1000, MemoryStage::Normal) == MemoryStage::Pressure);
    CHECK(memoryStageOf(970, 1000, MemoryStage::Normal) == MemoryStage::Critical);
    CHECK(memoryStageOf(2000, 1000, MemoryStage::Normal) == MemoryStage::Critical);
  }

  TEST_CASE("stages fall below 90 and 85 percent only") {
    CHECK(memoryStageOf(950, 1000, MemoryStage::Critical) == MemoryStage::Critical);
    CHECK(memoryStageOf(900, 1000, MemoryStage::Critical) == MemoryStage::Critical);
    CHECK(memoryStageOf(899, 1000, MemoryStage::Critical) == MemoryStage::Pressure);
    CHECK(memoryStageOf(850, 1000, MemoryStage::Pressure) == MemoryStage::Pressure);
    CHECK(memoryStageOf(849, 1000, MemoryStage::Pressure) == MemoryStage::Normal);
    CHECK(memoryStageOf(849, 1000, MemoryStage::Critical) == MemoryStage::Normal);
  }
}
