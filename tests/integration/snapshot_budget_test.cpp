// Readers that keep old snapshots: reported, and past snapshotBudget interrupted.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "support/log_limit_fixture.hpp"
#include "support/raw_sqlite.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

using Opened = SmallLog;

}  // namespace

TEST_SUITE("integration/snapshot_budget") {
  TEST_CASE("a read that runs on past its budget is interrupted and the waiting write goes on") {
    Opened f;
    Gate running;
    std::optional<ErrorCode> code;
    std::thread reader([&] {
      const PooledConnection lease = f.pool.acquire(Access::Read);
      code = codeOf([&] {
        lease->forEach(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, (SELECT count(*) FROM item) "
            "FROM n",
            [&](const RowView&) { running.open(); });
      });
    });
    REQUIRE(running.pass());
    const std::optional<Error> error = f.writeUntilRefused();
    REQUIRE(error.has_value());
    CHECK(contains(error->what(), "read by #"));
    CHECK(f.pool.metrics().leasesForced == 0);  // Within its budget.
    CHECK(f.events->count(EventKind::LeaseForced) == 0);
    f.clock->advance(f.config.snapshotBudget + 1s);
    f.pool.transaction([](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES ('y')"); }, {.timeout = kPatience});
    reader.join();
    CHECK(code == ErrorCode::LeaseRevoked);
    CHECK(f.pool.metrics().leasesForced == 1);
    CHECK(f.events->count(EventKind::LeaseForced) == 1);
    f.checkGoesOn();
  }

  TEST_CASE("past half of the limit a read beyond its budget is interrupted before any write has to wait") {
    Opened f;
    OldReader reader(f);
    while (snapshotAge(f.pool) == 0s) {
      f.write();
      f.clock->advance(1us);
    }
    CHECK(f.pool.metrics().leasesForced == 0);
    f.clock->advance(f.config.snapshotBudget);
    while (f.pool.metrics().leasesForced == 0) f.write();
    CHECK(codeOf([&] { reader.count(); }) == ErrorCode::LeaseRevoked);
  }

  TEST_CASE("a reader that only sits on its snapshot is told at its next call and is forced back once") {
    Opened f;
    {
      OldReader reader(f);
      REQUIRE(f.writeUntilRefused().has_value());
      f.clock->advance(f.config.snapshotBudget + 1s);
      // Nobody else may touch its handle: until its holder comes the log stays.
      for (int i = 0; i < 3; ++i) CHECK(codeOf([&] { f.write(); }) == ErrorCode::StorageFull);
      CHECK(f.pool.metrics().leasesForced == 1);
      CHECK(codeOf([&] { reader.count(); }) == ErrorCode::LeaseRevoked);
    }
    f.checkGoesOn();
    CHECK(f.pool.metrics().connectionsRecovered == 1);
  }

  TEST_CASE("each snapshot of one lease has a budget of its own") {
    Opened f;
    const PooledConnection lease = f.pool.acquire(Access::Read);
    for (int i = 0; i < 5; ++i) {
      lease->forEach("SELECT id FROM item", [&](const RowView& row) {
        if (row.get<int>(0) == 1) CHECK(f.writeUntilRefused().has_value());
      });
      // Between its statements it keeps no snapshot.
      f.clock->advance(f.config.snapshotBudget - 1s);
      CHECK_FALSE(codeOf([&] { f.write(); }).has_value());
    }
    CHECK(f.pool.metrics().leasesForced == 0);
  }

  TEST_CASE("all of several readers are named and forced back") {
    Opened f;
    {
      OldReader first(f);
      OldReader second(f);
      const auto error = f.writeUntilRefused();
      REQUIRE(error.has_value());
      CHECK(contains(error->what(), "; #"));
      f.clock->advance(f.config.snapshotBudget + 1s);
      CHECK(codeOf([&] { f.write(); }) == ErrorCode::StorageFull);
      CHECK(codeOf([&] { first.count(); }) == ErrorCode::LeaseRevoked);
      CHECK(codeOf([&] { second.count(); }) == ErrorCode::LeaseRevoked);
      CHECK(f.pool.metrics().leasesForced == 2);
    }
    f.checkGoesOn();
  }
}
