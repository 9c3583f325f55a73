// Stages of memory, forced by ballast: what is released, what is refused, and how it ends.

#include <doctest/doctest.h>

#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

constexpr std::int64_t kLimit = 4 * MiB;
constexpr std::int64_t kUsable = kLimit / 16 * 15;  // Without the reserve.

/// Memory of SQLite's heap that belongs to nobody.
class Ballast {
 public:
  Ballast() = default;
  Ballast(const Ballast&) = delete;
  Ballast& operator=(const Ballast&) = delete;
  ~Ballast() { release(); }
  /// Takes what is free below `percent` of what may be used.
  void fillTo(std::int64_t percent) {
    while (sqlite3_memory_used() + kPiece < kUsable * percent / 100) {
      void* piece = sqlite3_malloc64(kPiece - 64);
      if (piece == nullptr) return;
      pieces_.push_back(piece);
    }
  }
  void release() {
    for (void* piece : pieces_) sqlite3_free(piece);
    pieces_.clear();
  }

 private:
  static constexpr std::int64_t kPiece = 8 * KiB;
  std::vector<void*> pieces_;
};

struct Pressed : PoolFixture {
  Pressed() : PoolFixture(4) {
    config.memoryLimit = kLimit;
    config.minPoolSize = 2;
    openWithRows(20000);
    std::vector<PooledConnection> readers;
    while (auto reader = pool.tryAcquire(Access::Read)) readers.push_back(std::move(*reader));
    for (PooledConnection& reader : readers) reader->query("SELECT sum(length(name)) FROM item");
  }
  /// Fills memory to `percent` though the pool releases what it can.
  MemoryStage press(std::int64_t percent) {
    for (int i = 0; i < 4; ++i) {
      ballast.fillTo(percent);
      pool.tick();
    }
    return pool.metrics().memoryStage;
  }
  Ballast ballast;
};

}  // namespace

TEST_SUITE("memory/pressure") {
  TEST_CASE("under pressure the caches of idle handles are released, and the handles stay") {
    Pressed fixture;
    const std::int64_t before = sqlite3_memory_used();
    fixture.ballast.fillTo(92);
    const std::int64_t full = sqlite3_memory_used();
    REQUIRE(full > before);
    fixture.pool.tick();
    CHECK(sqlite3_memory_used() < full - 400 * KiB);
    CHECK(fixture.pool.metrics().memoryReliefs == 1);
    CHECK(fixture.pool.metrics().totalConnections == 4);
    // Relieved at once: the stage was never seen.
    CHECK(fixture.pool.metrics().memoryStage == MemoryStage::Normal);
    CHECK(fixture.rows() == 20000);
  }

  TEST_CASE("pressure that lasts is told once, and so is its end") {
    Pressed fixture;
    CHECK(fixture.press(92) == MemoryStage::Pressure);
    CHECK(fixture.events->count(EventKind::MemoryPressure) == 1);
    CHECK(contains(fixture.events->of(EventKind::MemoryPressure).at(0).detail, "/4.0 MiB"));
    CHECK_FALSE(codeOf([&] { fixture.pool.run("DELETE FROM item WHERE id = 1"); }));
    CHECK(fixture.pool.metrics().memoryRefusals == 0);
    fixture.ballast.release();
    fixture.pool.tick();
    CHECK(fixture.pool.metrics().memoryStage == MemoryStage::Normal);
    CHECK(fixture.events->count(EventKind::MemoryNormal) == 1);
    CHECK(fixture.events->count(EventKind::MemoryPressure) == 1);
  }

  TEST_CASE("when memory is critical idle handles go, writing is refused, reading goes on, and it recovers by itself") {
    Pressed fixture;
    ConnectionPool& pool = fixture.pool;
    CHECK(fixture.press(98) == MemoryStage::Critical);
    CHECK(pool.metrics().totalConnections == 2);
    CHECK(pool.metrics().connectionsIdledOut == 2);
    for (const auto& write : std::vector<std::function<void()>>{
             [&] { pool.run("DELETE FROM item WHERE id = 1"); },
             [&] { pool.transaction([](Transaction& tx) { tx.run("DELETE FROM item WHERE id = 1"); }); },
             [&] { pool.begin(); }}) {
      const std::optional<Error> error = errorOf(write);
      REQUIRE(error);
      CHECK(error->code() == ErrorCode::MemoryLimit);
      CHECK(error->recovery() == Recovery::FreeMemory);
      CHECK(contains(error->what(), "/4.0 MiB"));
    }
    CHECK(pool.metrics().memoryRefusals == 3);
    CHECK(pool.queryValue<std::string>("SELECT name FROM item WHERE id = ?", 7) == "item 7");
    CHECK(pool.checkHealth().memoryStage == MemoryStage::Critical);
    CHECK_FALSE(pool.checkHealth().healthy);
    fixture.ballast.release();
    CHECK(pool.run("DELETE FROM item WHERE id = 1").changes == 1);  // Nobody had to tell it.
    CHECK(pool.metrics().memoryStage == MemoryStage::Normal);
    CHECK(fixture.events->count(EventKind::MemoryNormal) == 1);
    CHECK(fixture.rows() == 19999);
    CHECK(pool.leases().empty());
  }

  TEST_CASE("a transaction waits for memory while others hold leases, and control goes on meanwhile") {
    const Watchdog watchdog("a transaction that waits for memory");
    Pressed fixture;
    ConnectionPool& pool = fixture.pool;
    Gate end;
    Gate taken;
    std::jthread holder([&] {
      const PooledConnection lease = pool.acquire(Access::Read);
      taken.open();
      end.pass();
    });
    REQUIRE(taken.pass());
    REQUIRE(fixture.press(98) == MemoryStage::Critical);
    std::atomic<bool> waiting = true;
    std::jthread control([&] {
      while (waiting) CHECK(pool.with({.priority = Priority::Control}).queryValue<int>("SELECT 1") == 1);
    });
    const auto start = std::chrono::steady_clock::now();
    const auto error = codeOf([&] {
      pool.transaction([](Transaction& tx) { tx.run("DELETE FROM item WHERE id = 1"); }, {.timeout = 500ms});
    });
    waiting = false;
    CHECK(error == ErrorCode::MemoryLimit);
    CHECK(std::chrono::steady_clock::now() - start >= 500ms);
    end.open();
    holder.join();
    fixture.ballast.release();
    CHECK(pool.run("DELETE FROM item WHERE id = 1").changes == 1);
  }

  TEST_CASE("an event of memory pressure says that the stage rose, and what was released") {
    Pressed fixture;
    REQUIRE(fixture.press(98) == MemoryStage::Critical);
    const std::size_t rises = fixture.events->count(EventKind::MemoryPressure);
    fixture.ballast.release();
    fixture.ballast.fillTo(88);
    fixture.pool.tick();
    CHECK(fixture.pool.metrics().memoryStage != MemoryStage::Critical);
    CHECK(fixture.events->count(EventKind::MemoryPressure) == rises);
    CHECK(contains(fixture.events->of(EventKind::MemoryPressure).at(0).detail, "released"));
  }

  TEST_CASE("a query that meets the wall runs again once memory has been released") {
    Pressed fixture;
    ConnectionPool& pool = fixture.pool;
    fixture.ballast.fillTo(96);
    const std::uint64_t errors = pool.metrics().queryErrors;
    const auto length = [&] { return pool.query("SELECT length(randomblob(600000))").front().get<std::int64_t>(0); };
    CHECK(length() == 600000);
    CHECK(pool.metrics().queryErrors == errors + 1);
    CHECK(pool.metrics().memoryReliefs >= 1);
    SUBCASE("and fails when that was not enough, without harm") {
      fixture.ballast.fillTo(99);
      CHECK(codeOf(length) == ErrorCode::MemoryLimit);
      CHECK(pool.leases().empty());
      fixture.ballast.release();
    }
    CHECK(fixture.rows() == 20000);
    CHECK(pool.metrics().connectionsRecovered == 0);
  }

  TEST_CASE("a value too large for what is left is read once memory has been released") {
    Pressed fixture;
    ConnectionPool& pool = fixture.pool;
    pool.run("INSERT INTO item VALUES (100000, ?)", std::string(600000, 'x'));
    fixture.rows();
    fixture.ballast.fillTo(96);
    CHECK(pool.queryValue<std::string>("SELECT name FROM item WHERE id = 100000").value_or("").size() == 600000);
  }

  TEST_CASE("a transaction that meets the wall is rolled back, and the next one works") {
    Pressed fixture;
    ConnectionPool& pool = fixture.pool;
    CHECK(codeOf([&] {
            pool.transaction([&](Transaction& tx) {
              tx.run("DELETE FROM item WHERE id = 1");
              fixture.ballast.fillTo(99);
              tx.run("UPDATE item SET name = hex(randomblob(400000)) WHERE id = 2");
            });
          }) == ErrorCode::MemoryLimit);
    fixture.ballast.release();
    CHECK(fixture.rows() == 20000);
    CHECK(pool.run("DELETE FROM item WHERE id = 1").changes == 1);
  }

  TEST_CASE("a pool that was never opened meets the pressure of another one without harm") {
    Pressed fixture;
    ConnectionPool closed;
    fixture.ballast.fillTo(98);
    CHECK(codeOf([&] { closed.run("SELECT 1"); }) == ErrorCode::PoolClosed);
    CHECK(codeOf([&] { closed.transaction([](Transaction&) {}); }) == ErrorCode::PoolClosed);
  }

  TEST_CASE("the stage is normal again when the pool that brought the limit closes") {
    Pressed limited;
    PoolFixture fixture(2);
    fixture.open();
    limited.ballast.fillTo(99);
    fixture.pool.tick();
    limited.ballast.fillTo(99);
    fixture.pool.tick();
    REQUIRE(fixture.pool.metrics().memoryStage == MemoryStage::Critical);
    limited.pool.close();
    fixture.pool.tick();
    CHECK(fixture.pool.metrics().memoryStage == MemoryStage::Normal);
    CHECK(fixture.events->count(EventKind::MemoryNormal) == 1);
  }
}
