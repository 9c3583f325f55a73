// What one transaction may take, and that the pool is not used inside of one.

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>

#include "support/pool_fixture.hpp"
#include "support/threads.hpp"
#include "support/write_line.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Opened : PoolFixture {
  Opened() {
    config.acquireTimeout = 60s;
    config.groupMaxDelay = 10s;
    config.cacheSize = 256 * KiB;
    config.maxTransactionBytes = 512 * KiB;
    openWithRows(0);
  }
  Watchdog watchdog{"a transaction does not end"};
};

void fill(Transaction& tx, int kibibytes) {
  for (int i = 0; i < kibibytes; ++i) tx.run("INSERT INTO item(name) VALUES (hex(zeroblob(512)))");
}

}  // namespace

TEST_SUITE("integration/transaction_memory") {
  TEST_CASE("a transaction that grows past maxTransactionBytes fails with MemoryLimit, and the pool goes on") {
    Opened f;
    const auto error = errorOf([&] { f.pool.transaction([](Transaction& tx) { fill(tx, 4096); }); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::MemoryLimit);
    CHECK(contains(error->what(), "maxTransactionBytes"));
    CHECK(f.rows() == 0);
    f.pool.transaction([](Transaction& tx) { fill(tx, 8); });
    CHECK(f.rows() == 8);
    CHECK(f.pool.metrics().connectionsRecovered == 0);
    CHECK(f.isSound());
  }

  TEST_CASE("one statement that is too large fails with MemoryLimit, too") {
    Opened f;
    const auto error = errorOf([&] {
      f.pool.transaction([](Transaction& tx) {
        tx.run(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4096) "
            "INSERT INTO item(name) SELECT hex(zeroblob(512)) FROM n");
      });
    });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::MemoryLimit);
    CHECK(f.rows() == 0);
  }

  TEST_CASE("small transactions go through however warm the cache is") {
    Opened f;
    f.config.cacheSize = 1 * MiB;
    f.config.maxTransactionBytes = 128 * KiB;
    f.reopen();
    for (int i = 0; i < 100; ++i) {
      CHECK_FALSE(codeOf([&] { f.pool.transaction([](Transaction& tx) { fill(tx, 16); }); }).has_value());
    }
    CHECK(f.rows() == 1600);
  }

  TEST_CASE("what the others of a group have taken does not count") {
    Opened f;
    f.config.cacheSize = 2 * MiB;
    f.config.maxTransactionBytes = 256 * KiB;
    f.reopen();
    int failed = 0;
    {
      WriteLine line(f.pool);
      for (int i = 0; i < 8; ++i) {
        REQUIRE(line.add([&] {
          if (codeOf([&] { f.pool.transaction([](Transaction& tx) { fill(tx, 100); }); })) ++failed;
        }));
      }
    }
    CHECK(failed == 0);
    CHECK(f.rows() == 800);
    CHECK(f.pool.metrics().largestGroup == 8);
  }

  TEST_CASE("one of a group that grows too large does not fail the others") {
    Opened f;
    std::optional<ErrorCode> code;
    std::optional<ErrorCode> other;
    {
      WriteLine line(f.pool);
      REQUIRE(line.add([&] { other = codeOf([&] { f.pool.transaction([](Transaction& tx) { fill(tx, 1); }); }); }));
      REQUIRE(line.add([&] { code = codeOf([&] { f.pool.transaction([](Transaction& tx) { fill(tx, 4096); }); }); }));
    }
    CHECK(code == ErrorCode::MemoryLimit);
    CHECK_FALSE(other.has_value());
    CHECK(f.rows() == 1);
  }

  TEST_CASE("no bound means none") {
    Opened f;
    f.config.maxTransactionBytes = 0;
    f.reopen();
    f.pool.transaction([](Transaction& tx) { fill(tx, 2048); });
    CHECK(f.rows() == 2048);
  }

  TEST_CASE("using the pool inside of a transaction of the same thread is a misuse, for reads too") {
    Opened f;
    f.pool.transaction([&](Transaction& tx) {
      CHECK(codeOf([&] { f.pool.run("DELETE FROM item"); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { f.pool.query("SELECT 1"); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { f.pool.queryValue<int>("SELECT 1"); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { f.pool.read([](ReadTransaction&) {}); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { f.pool.transaction([](Transaction&) {}); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { f.pool.begin(); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { f.pool.acquire(Access::Read); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { f.pool.checkpoint(); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { f.pool.flush(); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { f.pool.close(); }) == ErrorCode::Misuse);
      CHECK(tx.isActive());
      tx.run("INSERT INTO item(name) VALUES ('x')");
    });
    CHECK(f.rows() == 1);
  }

  TEST_CASE("another pool may be used inside of a transaction") {
    Opened f;
    Opened other;
    f.pool.transaction([&](Transaction& tx) {
      other.pool.transaction([&](Transaction& inner) {
        inner.run("INSERT INTO item(name) VALUES ('there')");
        CHECK(codeOf([&] { f.pool.query("SELECT 1"); }).has_value());
      });
      other.pool.query("SELECT 1");
      tx.run("INSERT INTO item(name) VALUES ('here')");
      CHECK(codeOf([&] { f.pool.query("SELECT 1"); }) == ErrorCode::Misuse);
    });
    CHECK(f.rows() == 1);
    CHECK(other.rows() == 1);
  }

  TEST_CASE("a single write that is too large fails with MemoryLimit, too") {
    Opened f;
    const auto code = codeOf([&] {
      f.pool.run(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4096) "
          "INSERT INTO item(name) SELECT hex(zeroblob(512)) FROM n");
    });
    CHECK(code == ErrorCode::MemoryLimit);
    CHECK(f.rows() == 0);
    f.pool.run("INSERT INTO item(name) VALUES ('small')");
    CHECK(f.rows() == 1);
    CHECK(f.pool.metrics().connectionsRecovered == 0);
  }
}
