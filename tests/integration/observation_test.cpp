#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include <holdfast/observation.hpp>

#include "support/pool_fixture.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Watched : PoolFixture {
  explicit Watched(HousekeepingMode mode = HousekeepingMode::Manual) {
    config.housekeeping = mode;
    openWithRows(3);
    pool.run("CREATE TABLE other(id INTEGER PRIMARY KEY)");
    pool.tick();
  }
  Observation countItems() {
    return pool.observe({"item"}, [this] { ++calls; });
  }
  std::atomic<int> calls{0};
};

template <typename F>
bool soon(F condition) {
  for (int i = 0; i < 6000 && !condition(); ++i) std::this_thread::sleep_for(10ms);
  return condition();
}

}  // namespace

TEST_CASE("an observer is called after a commit that may have changed its table") {
  Watched f;
  const Observation observation = f.countItems();
  f.pool.run("INSERT INTO item(name) VALUES ('x')");
  CHECK(f.calls == 0);  // Not on this thread.
  f.pool.tick();
  CHECK(f.calls == 1);
  f.pool.tick();
  f.pool.run("INSERT INTO other DEFAULT VALUES");
  f.pool.tick();
  CHECK(f.calls == 1);
  for (int i = 0; i < 5; ++i) f.pool.run("UPDATE item SET name = 'y'");
  f.pool.tick();
  CHECK(f.calls == 2);  // Several changes, one call.
}

TEST_CASE("a table is observed by its name in either case") {
  Watched f;
  const Observation observation = f.pool.observe({"ITEM"}, [&f] { ++f.calls; });
  f.pool.run("INSERT INTO Item(name) VALUES ('x')");
  f.pool.tick();
  CHECK(f.calls == 1);
}

TEST_CASE("what is rolled back is not observed") {
  Watched f;
  const Observation observation = f.countItems();
  Transaction tx = f.pool.begin();
  tx.run("DELETE FROM item");
  tx.rollback();
  f.pool.tick();
  CHECK(f.calls == 0);
}

TEST_CASE("changes of others are observed at the next round of housekeeping") {
  Watched f;
  const Observation observation = f.countItems();
  RawSqlite(f.config.database).run("INSERT INTO item(name) VALUES ('outside')");
  f.pool.tick();
  f.pool.tick();
  CHECK(f.calls == 1);
}

TEST_CASE("an observation ends when it goes or is stopped") {
  Watched f;
  { const Observation observation = f.countItems(); }
  Observation second = f.countItems();
  Observation moved = std::move(second);
  second.stop();
  f.pool.run("DELETE FROM item");
  f.pool.tick();
  CHECK(f.calls == 1);
  moved.stop();
  f.pool.run("DELETE FROM item");
  f.pool.tick();
  CHECK(f.calls == 1);
  moved = f.countItems();
  moved = Observation();
  f.pool.run("DELETE FROM item");
  f.pool.tick();
  CHECK(f.calls == 1);
}

TEST_CASE("what an observer throws is logged and the others are called") {
  Watched f;
  const Observation first = f.pool.observe({"item"}, [] { throw std::runtime_error("broken observer"); });
  const Observation odd = f.pool.observe({"item"}, [] { throw 7; });  // Is no std::exception.
  const Observation second = f.countItems();
  f.pool.run("DELETE FROM item");
  f.pool.tick();
  CHECK(f.calls == 1);
  CHECK(f.logger->contains("broken observer"));
  const auto error = errorOf([&] { static_cast<void>(f.pool.observe({"item"}, nullptr)); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::InvalidArgument);
}

TEST_CASE("an observer may use the pool and end itself") {
  Watched f;
  std::int64_t seen = 0;
  Observation observation;
  observation = f.pool.observe({"item"}, [&] {
    seen = f.rows();
    f.pool.run("INSERT INTO other DEFAULT VALUES");
    f.pool.tick();
    observation.stop();
  });
  f.pool.run("INSERT INTO item(name) VALUES ('x')");
  f.pool.tick();
  CHECK(seen == 4);
  f.pool.run("INSERT INTO item(name) VALUES ('x')");
  f.pool.tick();
  CHECK(seen == 4);
}

TEST_CASE("observers are called on a thread of the pool's own") {
  Watched f(HousekeepingMode::Thread);
  std::atomic<bool> elsewhere{false};
  const auto self = std::this_thread::get_id();
  std::optional<ErrorCode> closing;
  const Observation observation = f.pool.observe({"item"}, [&] {
    const auto error = errorOf([&] { f.pool.close(); });
    if (error) closing = error->code();
    elsewhere = std::this_thread::get_id() != self;
  });
  f.pool.run("DELETE FROM item");
  CHECK(soon([&] { return elsewhere.load(); }));
  CHECK(closing == ErrorCode::Misuse);
  f.reopen();
  elsewhere = false;
  f.pool.run("INSERT INTO item(name) VALUES ('x')");
  CHECK(soon([&] { return elsewhere.load(); }));
}

TEST_CASE("stopping an observation waits for the call that is running") {
  Watched f(HousekeepingMode::Thread);
  std::atomic<bool> began{false};
  std::atomic<bool> stopping{false};
  std::atomic<bool> ended{false};
  Observation observation = f.pool.observe({"item"}, [&] {
    began = true;
    soon([&] { return stopping.load(); });
    ended = true;
  });
  f.pool.run("DELETE FROM item");
  REQUIRE(soon([&] { return began.load(); }));
  stopping = true;
  observation.stop();
  CHECK(ended);
}

TEST_CASE("observers under many writers are never forgotten") {
  Watched f(HousekeepingMode::Thread);
  std::atomic<std::int64_t> seen{0};
  const Observation observation = f.pool.observe({"item"}, [&] { seen = f.rows(); });
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      for (int n = 0; n < 50; ++n) f.inserts("x")();
    });
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(soon([&] { return seen == 203; }));
}
