// Groups and everything else that uses the write handle: durability, single statements, leases, closing.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/faulty_vfs.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"
#include "support/threads.hpp"
#include "support/write_line.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Opened : FaultyVfs, PoolFixture {
  Opened() {
    config.groupMaxDelay = 10s;
    config.acquireTimeout = 60s;
    config.closeTimeout = 60s;
    openWithRows(0);
  }
  std::uint64_t leaseOfThisThread() { return pool.leases().at(0).leaseId; }
  int logSyncs() const { return syncs(FileRole::Log); }

  Watchdog watchdog{"a group does not end"};
};

}  // namespace

TEST_SUITE("integration/group_commit_lease") {
  TEST_CASE("a group is synced once where one of it asked for it, and not at all where none did") {
    using Wanted = std::array<Durability, 3>;
    constexpr Durability kFull = Durability::Full;
    constexpr Durability kNormal = Durability::Normal;
    constexpr Durability kOff = Durability::Off;
    for (const Wanted& wanted :
         {Wanted{kFull, kFull, kFull}, Wanted{kFull, kNormal, kOff}, Wanted{kNormal, kFull, kOff},
          Wanted{kOff, kNormal, kFull}, Wanted{kNormal, kOff, kNormal}}) {
      Opened f;
      f.inserts("first")();  // The log's header is synced by now.
      int before = 0;
      {
        WriteLine line(f.pool);
        for (const Durability durability : wanted) REQUIRE(line.add(f.inserts("x", {.durability = durability})));
        before = f.logSyncs();
      }
      const bool any = std::find(wanted.begin(), wanted.end(), kFull) != wanted.end();
      CHECK(f.pool.metrics().groupCommits == 1);
      CHECK(f.logSyncs() - before == (any ? 1 : 0));
      const int then = f.logSyncs();
      f.inserts("last")();  // The database's own durability is back.
      CHECK(f.logSyncs() - then == 1);
    }
  }

  TEST_CASE("posted work that is taken along is as durable as it asked for") {
    Opened f;
    f.config.durability = Durability::Normal;
    f.reopen();
    f.inserts("first")();
    for (const bool full : {false, true}) {
      PostOptions options;
      if (full) options.durability = Durability::Full;
      auto work = [](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES ('posted')"); };
      Future<void> posted = f.pool.post(work, options);
      const int before = f.logSyncs();
      f.inserts("x")();
      CHECK(posted.ready());
      CHECK(f.logSyncs() - before == (full ? 1 : 0));
    }
    const int before = f.logSyncs();
    f.pool.flush();
    CHECK(f.logSyncs() - before == 1);
  }

  TEST_CASE("a weaker durability is put back before the handle is leased or runs a statement of its own") {
    Opened f;
    int weaker = 0;
    for (int round = 0; round < 30; ++round) {
      {
        WriteLine line(f.pool);
        for (int i = 0; i < 3; ++i) REQUIRE(line.add(f.inserts("x")));
      }
      // As company is expected now, this one may be left open for a moment.
      std::atomic<bool> over{false};
      std::thread left([&] {
        f.inserts("y", {.durability = Durability::Normal})();
        over = true;
      });
      while (!over) {
        const PooledConnection lease = f.pool.acquire();
        if (lease->queryValue<int>("PRAGMA synchronous") != 2) ++weaker;
      }
      left.join();
    }
    CHECK(weaker == 0);
  }

  TEST_CASE("single statements join a group and keep their own results") {
    Opened f;
    std::array<RunResult, 3> results;
    std::optional<ErrorCode> code;
    {
      WriteLine line(f.pool);
      for (std::size_t i = 0; i < results.size(); ++i) {
        REQUIRE(line.add([&, i] { results[i] = f.pool.run("INSERT INTO item(name) VALUES ('x'), ('y')"); }));
      }
      REQUIRE(line.add([&] { code = codeOf([&] { f.pool.run("INSERT INTO item(id) VALUES (1)"); }); }));
      REQUIRE(line.add(f.inserts("z")));
    }
    CHECK(code == ErrorCode::Constraint);
    for (std::size_t i = 0; i < results.size(); ++i) {
      CHECK(results[i].changes == 2);
      CHECK(results[i].lastInsertRowId == static_cast<std::int64_t>(2 * i + 2));
    }
    CHECK(f.rows() == 7);
    CHECK(f.pool.metrics().groupCommits >= 1);
  }

  TEST_CASE("statements that mean something else inside of a transaction do not join one") {
    Opened f;
    {
      WriteLine line(f.pool);
      REQUIRE(line.add(f.inserts("a")));
      REQUIRE(line.add([&] { f.pool.run("VACUUM"); }));
      REQUIRE(line.add(f.inserts("b")));
      REQUIRE(line.add([&] { f.pool.run("PRAGMA user_version = 7"); }));
      REQUIRE(line.add(f.inserts("c")));
    }
    CHECK(f.names() == "a b c");
    CHECK(f.pool.queryValue<int>("PRAGMA user_version") == 7);
    CHECK(f.pool.metrics().groupCommits == 0);
  }

  TEST_CASE("a transaction by hand joins nobody, but others may follow it") {
    Opened f;
    {
      WriteLine line(f.pool);
      REQUIRE(line.add(f.inserts("a")));
      REQUIRE(line.add([&] {
        Transaction tx = f.pool.begin();
        CHECK(RawSqlite(f.config.database).text("SELECT name FROM item") == "a");  // Committed, not shared.
        tx.run("INSERT INTO item(name) VALUES ('b')");
        tx.commit();
      }));
      REQUIRE(line.add(f.inserts("c")));
    }
    CHECK(f.names() == "a b c");
    CHECK(f.pool.metrics().groupCommits == 1);
    CHECK(f.pool.metrics().groupedTransactions == 2);
  }

  TEST_CASE("a lease that only wants the handle finds no transaction on it") {
    Opened f;
    {
      WriteLine line(f.pool);
      REQUIRE(line.add(f.inserts("a")));
      REQUIRE(line.add([&] {
        const PooledConnection lease = f.pool.acquire();
        CHECK_FALSE(lease->inTransaction());
        CHECK(lease->queryValue<int>("SELECT count(*) FROM item") == 1);
      }));
      REQUIRE(line.add([&] { CHECK(f.pool.checkpoint().complete); }));
      REQUIRE(line.add(f.inserts("b")));
    }
    CHECK(f.names() == "a b");
  }

  TEST_CASE("settings that one changes are gone for the next") {
    Opened f;
    f.pool.run("INSERT INTO item(name) VALUES ('NAME')");
    int likes = -1;
    std::optional<ErrorCode> temporary;
    {
      WriteLine line(f.pool);
      REQUIRE(line.add(f.inserts("a")));
      REQUIRE(line.add([&] {
        f.pool.transaction([](Transaction& tx) {
          tx.run("PRAGMA case_sensitive_like = 1");
          tx.run("CREATE TEMP TABLE mine(x)");
        });
      }));
      REQUIRE(line.add([&] {
        f.pool.transaction([&](Transaction& tx) {
          likes = tx.queryValue<int>("SELECT count(*) FROM item WHERE name LIKE 'name'").value();
          temporary = codeOf([&] { tx.query("SELECT * FROM mine"); });
        });
      }));
    }
    CHECK(likes == 1);
    CHECK(temporary == ErrorCode::InvalidSql);
  }

  TEST_CASE("a lease that is forced back in mid-group ends alone, and its handle is replaced") {
    Opened f;
    std::optional<ErrorCode> code;
    std::array<std::optional<ErrorCode>, 3> others;
    {
      WriteLine line(f.pool);
      auto other = [&](std::size_t i) {
        return [&f, &others, i] { others[i] = codeOf(f.inserts("n" + std::to_string(i))); };
      };
      REQUIRE(line.add(other(0)));
      REQUIRE(line.add(other(1)));
      REQUIRE(line.add([&] {
        code = codeOf([&] {
          f.pool.transaction([&](Transaction& tx) {
            tx.run("INSERT INTO item(name) VALUES ('forced')");
            CHECK(f.pool.forceCleanup(f.leaseOfThisThread()));
            tx.run("INSERT INTO item(name) VALUES ('more')");
          });
        });
      }));
      REQUIRE(line.add(other(2)));
    }
    CHECK(code == ErrorCode::LeaseRevoked);
    for (const auto& each : others) CHECK_FALSE(each.has_value());
    CHECK(f.names() == "n0 n1 n2");
    CHECK(f.pool.metrics().connectionsRecovered == 1);
  }

  TEST_CASE("a lease that is forced back as the last of its group does not fail the others") {
    Opened f;
    std::optional<ErrorCode> code;
    std::optional<ErrorCode> other;
    {
      WriteLine line(f.pool);
      REQUIRE(line.add([&] { other = codeOf(f.inserts("a")); }));
      REQUIRE(line.add([&] {
        code = codeOf([&] {
          f.pool.transaction([&](Transaction& tx) {
            tx.run("INSERT INTO item(name) VALUES ('forced')");
            f.pool.forceCleanup(f.leaseOfThisThread());
          });
        });
      }));
    }
    CHECK(code == ErrorCode::LeaseRevoked);
    CHECK_FALSE(other.has_value());
    CHECK(f.names() == "a");
  }

  TEST_CASE("closing while a group is under way lets it end and rejects who still stands in line") {
    Opened f;
    Gate inside;
    Gate goOn;
    std::array<std::optional<ErrorCode>, 2> codes;
    std::optional<ErrorCode> late;
    std::thread closer;
    {
      WriteLine line(f.pool);
      REQUIRE(line.add([&] { codes[0] = codeOf(f.inserts("a")); }));
      REQUIRE(line.add([&] {
        codes[1] = codeOf([&] {
          f.pool.transaction([&](Transaction& tx) {
            tx.run("INSERT INTO item(name) VALUES ('b')");
            inside.open();
            goOn.pass();
          });
        });
      }));
      REQUIRE(line.add([&] { late = codeOf(f.inserts("c")); }));
      closer = std::thread([&] {
        inside.pass();
        std::thread opener([&] {
          CHECK(eventually([&] { return !f.pool.isOpen(); }));
          goOn.open();
        });
        f.pool.close();
        opener.join();
      });
    }
    closer.join();
    CHECK_FALSE(codes[0].has_value());
    CHECK_FALSE(codes[1].has_value());
    CHECK(late == ErrorCode::PoolClosed);
    CHECK(f.names() == "a b");
  }

  TEST_CASE("priorities decide who is next in a group, too") {
    Opened f;
    {
      WriteLine line(f.pool);
      REQUIRE(line.add(f.inserts("m", {.priority = Priority::Maintenance})));
      REQUIRE(line.add(f.inserts("t1", {.priority = Priority::Telemetry})));
      REQUIRE(line.add(f.inserts("c1", {.priority = Priority::Control})));
      REQUIRE(line.add(f.inserts("t2", {.priority = Priority::Telemetry})));
      REQUIRE(line.add(f.inserts("c2", {.priority = Priority::Control})));
    }
    CHECK(f.names() == "c1 c2 t1 t2 m");
    CHECK(f.pool.metrics().groupCommits == 1);
  }
}
