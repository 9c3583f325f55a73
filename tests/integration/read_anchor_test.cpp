// The snapshot that the idle write handle holds while reads are hot: it must not be noticed by anything but a clock.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "pool/read_anchor.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Opened : PoolFixture {
  explicit Opened(std::size_t poolSize = 2) : PoolFixture(poolSize) { openWithRows(1); }
  /// So many reads as make the pool take the anchor.
  void makeHot() {
    for (std::uint32_t i = 0; i < 2 * ReadAnchor::kColdReads; ++i) rows();
  }
  void insert() { pool.run("INSERT INTO item(name) VALUES ('x')"); }
  std::uint64_t anchors() { return pool.metrics().readAnchors; }
  Watchdog watchdog{"an anchor stands in the way"};
};

}  // namespace

TEST_SUITE("integration/read_anchor") {
  TEST_CASE("hot reads take the anchor, a few do not") {
    Opened f;
    for (int i = 0; i < 8; ++i) f.rows();
    CHECK(f.anchors() == 0);
    f.makeHot();
    CHECK(f.anchors() == 1);
    f.makeHot();
    CHECK(f.anchors() == 1);  // It is held.
  }

  TEST_CASE("it is taken again after a write where reads are hot") {
    Opened f;
    for (std::uint64_t i = 1; i <= 5; ++i) {
      f.makeHot();
      CHECK(f.anchors() == 2 * i - 1);
      f.insert();  // The reads before it were hot: it is taken again at once.
      CHECK(f.anchors() == 2 * i);
      f.insert();  // None in between: it is not.
      f.insert();
      CHECK(f.anchors() == 2 * i);
    }
  }

  TEST_CASE("readers see each commit at once") {
    Opened f(3);
    f.makeHot();
    for (int i = 2; i <= 300; ++i) {
      f.insert();
      for (int read = 0; read < i % 40; ++read) REQUIRE(f.rows() == i);
      REQUIRE(f.rows() == i);
    }
    CHECK(f.anchors() > 1);
    CHECK(f.pool.metrics().statesRestored == 0);
  }

  TEST_CASE("readers beside a writer never see less than what was committed before they asked") {
    Opened f(3);
    std::atomic<std::int64_t> committed{1};
    std::atomic<bool> stop{false};
    std::atomic<int> stale{0};
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i) {
      readers.emplace_back([&] {
        while (!stop) {
          const std::int64_t least = committed.load();
          if (f.rows() < least) ++stale;
        }
      });
    }
    for (int i = 0; i < 200; ++i) {
      f.pool.transaction([](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES ('x')"); },
                         {.durability = Durability::Normal});
      ++committed;
    }
    stop = true;
    for (std::thread& reader : readers) reader.join();
    CHECK(stale == 0);
  }

  TEST_CASE("a snapshot that a reader holds stays as it was while the anchor moves on") {
    Opened f(3);
    f.makeHot();
    f.pool.read([&](ReadTransaction& tx) {
      CHECK(tx.queryValue<int>("SELECT count(*) FROM item") == 1);
      std::thread([&] {
        for (int i = 0; i < 3; ++i) {
          f.insert();
          f.makeHot();
        }
      }).join();
      CHECK(tx.queryValue<int>("SELECT count(*) FROM item") == 1);
    });
    CHECK(f.rows() == 4);
  }

  TEST_CASE("checkpoint() completes and cuts the log with the anchor in place") {
    Opened f;
    for (int i = 0; i < 3; ++i) {
      f.insert();
      f.makeHot();
      REQUIRE(f.anchors() >= 1);
      const CheckpointReport report = f.pool.checkpoint();
      CHECK(report.complete);
      CHECK(report.truncated);
      CHECK(f.pool.metrics().checkpointsBlocked == 0);
    }
  }

  TEST_CASE("the log does not grow while anchors are taken between writes") {
    Opened f;
    f.config.checkpointPages = 16;
    f.reopen();
    for (int i = 0; i < 300; ++i) {
      f.insert();
      for (std::uint32_t read = 0; read < ReadAnchor::kHotReads; ++read) f.rows();
    }
    CHECK(f.anchors() > 10);
    CHECK(f.pool.metrics().walPages < 100);
  }

  TEST_CASE("housekeeping drops it, so that other processes can cut the log") {
    Opened f;
    RawSqlite other(f.config.database);
    f.insert();
    f.makeHot();
    REQUIRE(f.anchors() >= 1);
    CHECK(other.cutLog() == SQLITE_BUSY);  // Held indeed.
    f.pool.tick();
    CHECK(other.cutLog() == SQLITE_OK);
    f.insert();
    CHECK(f.rows() == 3);
  }

  TEST_CASE("it does not keep other processes from writing") {
    Opened f;
    f.makeHot();
    RawSqlite other(f.config.database);
    other.run("INSERT INTO item(name) VALUES ('theirs')");
    CHECK(f.rows() == 2);
    f.insert();
    CHECK(other.integer("SELECT count(*) FROM item") == 3);
  }

  TEST_CASE("while other processes write it is not taken for a while") {
    Opened f;
    RawSqlite other(f.config.database);
    f.makeHot();
    REQUIRE(f.anchors() == 1);
    other.run("INSERT INTO item(name) VALUES ('theirs')");
    f.insert();   // Drops it.
    f.makeHot();  // Finds out.
    const std::uint64_t then = f.anchors();
    f.insert();
    f.makeHot();
    f.makeHot();
    CHECK(f.anchors() == then);
    f.clock->advance(ReadAnchor::kRestAfterForeignWrite);
    f.makeHot();
    CHECK(f.anchors() > then);
  }

  TEST_CASE("it is never taken where it is switched off, nor on a pool of one") {
    for (const bool off : {true, false}) {
      Opened f(off ? 2 : 1);
      f.config.readAnchor = !off;
      f.reopen();
      for (int i = 0; i < 10; ++i) {
        f.insert();
        f.makeHot();
      }
      CHECK(f.anchors() == 0);
    }
  }

  TEST_CASE("with the anchor in place the handle can be leased, checked, renewed and closed") {
    Opened f;
    f.makeHot();
    {
      const PooledConnection lease = f.pool.acquire();
      CHECK_FALSE(lease->inTransaction());
      lease->run("PRAGMA user_version = 5");
    }
    f.makeHot();
    CHECK(f.pool.checkHealth().healthy);
    f.makeHot();
    f.clock->advance(f.config.maxConnectionAge);
    f.insert();
    f.makeHot();
    f.clock->advance(f.config.maxConnectionAge);
    f.pool.tick();
    f.makeHot();
    const std::string log = f.config.database + "-wal";
    f.pool.close();
    CHECK_FALSE(std::filesystem::exists(log));
    f.open();
    CHECK(f.rows() == 2);
  }

  TEST_CASE("taking it counts as no use of the handle and is no lease") {
    Opened f;
    f.makeHot();
    CHECK(f.pool.leases().empty());
    CHECK(f.pool.metrics().activeConnections == 0);
    CHECK(f.pool.tryAcquire(Access::Write).has_value());
  }
}
