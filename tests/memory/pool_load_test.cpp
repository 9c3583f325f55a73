// A mixed load on a database much larger than the memory it may use.

#include <doctest/doctest.h>

#include <sqlite3.h>

#include <atomic>
#include <thread>

#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

/// Seven readers and two writers on eight handles and 20 MB.
void runMixedLoad(std::int64_t limit) {
  const Watchdog watchdog("mixed load", 240s);
  PoolFixture fixture(8);
  fixture.config.memoryLimit = limit;
  fixture.config.acquireTimeout = 120s;
  fixture.config.durability = Durability::Off;
  fixture.open();
  ConnectionPool& pool = fixture.pool;
  pool.run("CREATE TABLE item(id INTEGER PRIMARY KEY, bucket INTEGER, data BLOB)");
  pool.transaction([](Transaction& tx) {
    tx.run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
        "INSERT INTO item SELECT i, i % 100, zeroblob(1000) FROM n");
  });
  REQUIRE(std::filesystem::file_size(fixture.config.database) +
              std::filesystem::file_size(fixture.config.database + "-wal") >
          20'000'000);
  sqlite3_memory_highwater(1);
  std::atomic<int> failures = 0;
  std::atomic<std::int64_t> seen = 0;
  const auto note = [&](const std::optional<Error>& error) {
    if (error && failures++ == 0) MESSAGE(std::string(error->what()));
  };
  {
    std::vector<std::jthread> threads;
    for (int reader = 0; reader < 7; ++reader) {
      threads.emplace_back([&, reader] {
        for (int n = 0; n < 60; ++n) {
          note(errorOf([&] {
            switch ((n + reader) % 12) {
              case 0:
                seen += pool.queryValue<std::int64_t>("SELECT sum(length(data)) FROM item WHERE id > 10000").value();
                break;
              case 6:
                pool.forEach("SELECT id, data FROM item ORDER BY bucket, id DESC LIMIT 500",
                             [&](const RowView& row) { seen += row.get<std::int64_t>(0); });
                break;
              default:
                seen += static_cast<std::int64_t>(
                    pool.query("SELECT * FROM item WHERE id = ?", (n * 331 + reader) % 20000 + 1).size());
            }
          }));
        }
      });
    }
    for (int writer = 0; writer < 2; ++writer) {
      threads.emplace_back([&, writer] {
        for (int n = 0; n < 40; ++n) {
          note(errorOf([&] {
            pool.transaction([&](Transaction& tx) {
              tx.run("UPDATE item SET data = zeroblob(1000 + ?) WHERE bucket = ? AND id < 4000", n % 7, n);
              tx.run("INSERT INTO item(bucket, data) VALUES (?, zeroblob(1000))", writer);
            });
          }));
        }
      });
    }
  }
  CHECK(failures.load() == 0);
  CHECK(pool.metrics().memoryRefusals == 0);
  CHECK(pool.metrics().queryErrors == 0);
  CHECK(sqlite3_memory_highwater(0) <= limit);
  CHECK(pool.queryValue<std::int64_t>("SELECT count(*) FROM item") == 20080);
}

}  // namespace

TEST_SUITE("memory/load") {
  TEST_CASE("eight handles on 20 MB run a mixed load in 4 MiB without one refusal") { runMixedLoad(4 * MiB); }
}
