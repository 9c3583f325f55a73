// What calls take from the heap of the process once they are warm: statements prepared, lanes and caches known. On a
// device that has been given an arena nothing but the results that the caller asks for comes from operator new.

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <holdfast/connection_pool.hpp>
#include <holdfast/repository.hpp>

#include "support/counted_allocations.hpp"
#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Item {
  std::int64_t id{};
  std::string name{};
};

}  // namespace

template <>
struct holdfast::Mapping<Item> {
  static constexpr auto table = holdfast::table<Item>("item", primaryKey("id", &Item::id), column("name", &Item::name));
};

namespace {

constexpr int kCalls = 500;

struct Warm : PoolFixture {
  Warm() {
    config.durability = Durability::Normal;
    config.checkpointPages = 262144;  // A checkpoint says so in an event, which allocates.
    openWithRows(10);
  }
  /// Allocations of one call, on average.
  template <typename F>
  static double allocationsOf(F call) {
    for (int i = 0; i < kCalls; ++i) call();
    const std::int64_t before = totalAllocations();
    for (int i = 0; i < kCalls; ++i) call();
    return static_cast<double>(totalAllocations() - before) / kCalls;
  }
};

}  // namespace

TEST_SUITE("memory/call allocation") {
  TEST_CASE_FIXTURE(Warm, "leases and reads by SQL allocate nothing but the rows that they return") {
    CHECK(allocationsOf([&] { pool.acquire(Access::Read); }) == 0);
    CHECK(allocationsOf([&] { pool.queryValue<std::int64_t>("SELECT id FROM item WHERE id = ?", 3); }) == 0);
    CHECK(allocationsOf([&] {
            pool.forEach("SELECT id, name FROM item", [](const RowView& row) { return row.get<std::int64_t>(0) > 0; });
          }) == 0);
    CHECK(allocationsOf([&] {
            pool.read([](ReadTransaction& tx) { tx.queryValue<std::int64_t>("SELECT count(*) FROM item"); });
          }) == 0);
  }

  TEST_CASE_FIXTURE(Warm, "writes and transactions and savepoints allocate nothing") {
    CHECK(allocationsOf([&] { pool.run("UPDATE item SET name = ? WHERE id = 1", "a"); }) == 0);
    const auto update = [](Transaction& tx) { tx.run("UPDATE item SET name = ? WHERE id = 2", "b"); };
    CHECK(allocationsOf([&] { pool.transaction(update); }) == 0);
    CHECK(allocationsOf([&] {
            pool.transaction([&](Transaction& tx) {
              tx.transaction(update);
              Transaction undone = tx.begin();
              update(undone);
              undone.rollback();
            });
          }) == 0);
    CHECK(allocationsOf([&] {
            Transaction tx = pool.begin();
            update(tx);
            tx.commit();
          }) == 0);
  }

  TEST_CASE_FIXTURE(Warm, "a repository reads and writes by key without allocating and answers from its cache") {
    const BaseRepository<Item> items(pool);
    const BaseRepository<Item> cached(pool, {.cacheEnabled = true});
    CHECK(allocationsOf([&] { items.findById(3); }) == 0);
    CHECK(allocationsOf([&] { items.update(3, {set(&Item::name, "c")}); }) == 0);
    CHECK(allocationsOf([&] { cached.findById(4); }) == 0);
  }

  TEST_CASE_FIXTURE(Warm, "posted work allocates its task and its place in the queue and no more") {
    const double each = allocationsOf([&] {
      pool.post("UPDATE item SET name = 'd' WHERE id = 4");
      pool.flush();
    });
    MESSAGE("allocations of a posted statement with its flush: " << each);
    CHECK(each <= 4);
  }

  TEST_CASE_FIXTURE(Warm, "threads that share commits allocate once for each shared COMMIT") {
    constexpr int kThreads = 4;
    std::atomic<int> ready{0};
    Gate warm;
    Gate measured;
    std::atomic<int> finished{0};
    const auto write = [this](int times) {
      for (int i = 0; i < times; ++i) {
        pool.transaction([](Transaction& tx) { tx.run("UPDATE item SET name = 'e' WHERE id = 5"); });
      }
    };
    std::int64_t before = 0;
    std::int64_t after = 0;
    std::uint64_t groupsBefore = 0;
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&] {
          write(kCalls);
          ++ready;
          warm.pass();
          write(kCalls);
          ++finished;
          measured.pass();
        });
      }
      REQUIRE(eventually([&] { return ready == kThreads; }));
      groupsBefore = pool.metrics().groupCommits;
      before = totalAllocations();
      warm.open();
      REQUIRE(eventually([&] { return finished == kThreads; }));
      after = totalAllocations();
      measured.open();
    }
    // A shared COMMIT has one list of those who wait for it; now and then another list of the pool's grows.
    const auto groups = static_cast<std::int64_t>(pool.metrics().groupCommits - groupsBefore);
    CHECK(after - before <= groups + kCalls / 10);
  }
}
