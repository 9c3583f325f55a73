// Transactions of several threads that share one COMMIT.

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"
#include "support/threads.hpp"
#include "support/write_line.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Opened : PoolFixture {
  explicit Opened(std::size_t groupMaxTransactions = 64) {
    config.groupMaxTransactions = groupMaxTransactions;
    config.groupMaxDelay = 10s;  // However slow the machine is.
    config.acquireTimeout = 60s;
    openWithRows(0);
    pool.run("CREATE UNIQUE INDEX names ON item(name)");
    before = pool.metrics();
  }
  std::uint64_t groups() { return pool.metrics().groupCommits - before.groupCommits; }
  std::uint64_t grouped() { return pool.metrics().groupedTransactions - before.groupedTransactions; }
  std::uint64_t committed() { return pool.metrics().transactionsCommitted - before.transactionsCommitted; }
  static std::int64_t insert(Transaction& tx, const std::string& name) {
    return tx.run("INSERT INTO item(name) VALUES (?)", name).lastInsertRowId;
  }

  Watchdog watchdog{"a group does not end"};
  PoolMetrics before;
};

}  // namespace

TEST_SUITE("integration/group_commit") {
  TEST_CASE("transactions that stand in line share one commit, in their order") {
    Opened f;
    {
      WriteLine line(f.pool);
      for (const char* name : {"a", "b", "c", "d", "e"}) REQUIRE(line.add(f.inserts(name)));
    }
    CHECK(f.names() == "a b c d e");
    const PoolMetrics after = f.pool.metrics();
    CHECK(f.groups() == 1);
    CHECK(f.grouped() == 5);
    CHECK(f.committed() == 5);
    CHECK(after.syncsSaved - f.before.syncsSaved == 4);
    CHECK(after.largestGroup == 5);
  }

  TEST_CASE("one transaction alone makes no group") {
    Opened f;
    for (int i = 0; i < 5; ++i) f.inserts("x" + std::to_string(i))();
    CHECK(f.groups() == 0);
    CHECK(f.committed() == 5);
    CHECK(f.pool.metrics().syncsSaved == 0);
  }

  TEST_CASE("each gets its own result and its own rowid") {
    Opened f;
    struct Result {
      std::string value;
      std::int64_t returned = 0;
      std::int64_t seen = 0;
    };
    std::array<Result, 4> results;
    {
      WriteLine line(f.pool);
      for (std::size_t i = 0; i < results.size(); ++i) {
        REQUIRE(line.add([&f, &result = results[i], i] {
          result.value = f.pool.transaction([&](Transaction& tx) {
            result.returned = f.insert(tx, "n" + std::to_string(i));
            tx.commit();
            result.seen = tx.lastInsertRowId();
            return "result " + std::to_string(i);
          });
        }));
      }
    }
    CHECK(f.groups() == 1);
    for (std::size_t i = 0; i < results.size(); ++i) {
      CHECK(results[i].value == "result " + std::to_string(i));
      CHECK(results[i].returned == static_cast<std::int64_t>(i + 1));
      CHECK(results[i].seen == results[i].returned);
    }
  }

  TEST_CASE("the later ones of a group see what the earlier ones did, and nobody else does before the commit") {
    Opened f;
    int seen = -1;
    std::int64_t seenOutside = -1;
    {
      WriteLine line(f.pool);
      REQUIRE(line.add(f.inserts("a")));
      REQUIRE(line.add([&] {
        f.pool.transaction([&](Transaction& tx) {
          seen = tx.queryValue<int>("SELECT count(*) FROM item").value();
          seenOutside = RawSqlite(f.config.database).integer("SELECT count(*) FROM item");
        });
      }));
    }
    CHECK(f.groups() == 1);
    CHECK(seen == 1);
    CHECK(seenOutside == 0);
  }

  TEST_CASE("one that throws is undone alone, wherever it stands") {
    for (int bad = 0; bad < 3; ++bad) {
      Opened f;
      std::atomic<int> thrown{0};
      {
        WriteLine line(f.pool);
        for (int i = 0; i < 3; ++i) {
          REQUIRE(line.add([&, i] {
            try {
              f.pool.transaction([&](Transaction& tx) {
                f.insert(tx, "n" + std::to_string(i));
                if (i == bad) throw std::runtime_error("of the callback");
              });
            } catch (const std::runtime_error& error) {
              thrown += std::string(error.what()) == "of the callback" ? 1 : 100;
            }
          }));
        }
      }
      CHECK(thrown == 1);
      const std::array<const char*, 3> left{"n1 n2", "n0 n2", "n0 n1"};
      CHECK(f.names() == left[static_cast<std::size_t>(bad)]);
      CHECK(f.committed() == 2);
    }
  }

  TEST_CASE("a failed statement fails only its own transaction") {
    Opened f;
    f.inserts("taken")();
    std::optional<ErrorCode> code;
    {
      WriteLine line(f.pool);
      REQUIRE(line.add(f.inserts("a")));
      REQUIRE(line.add([&] { code = codeOf(f.inserts("taken")); }));
      REQUIRE(line.add(f.inserts("b")));
    }
    CHECK(code == ErrorCode::Constraint);
    CHECK(f.names() == "taken a b");
  }

  TEST_CASE("savepoints inside of one that takes part are kept or undone on their own") {
    Opened f;
    auto nested = [&f](const std::string& name) {
      return [&f, name] {
        f.pool.transaction([&](Transaction& tx) {
          f.insert(tx, name);
          CHECK(tx.depth() == 0);
          tx.transaction([&](Transaction& inner) {
            CHECK(inner.depth() == 1);
            f.insert(inner, name + "-kept");
            CHECK_THROWS_AS(inner.transaction([&](Transaction& deep) {
              f.insert(deep, name + "-undone");
              throw std::runtime_error("deep");
            }),
                            std::runtime_error);
          });
        });
      };
    };
    {
      WriteLine line(f.pool);
      for (const char* name : {"a", "b", "c"}) REQUIRE(line.add(nested(name)));
    }
    CHECK(f.groups() == 1);
    CHECK(f.names() == "a a-kept b b-kept c c-kept");
  }

  TEST_CASE("a callback may commit or roll back itself in the middle of a group") {
    Opened f;
    std::atomic<int> after{0};
    {
      WriteLine line(f.pool);
      REQUIRE(line.add(f.inserts("a")));
      REQUIRE(line.add([&] {
        f.pool.transaction([&](Transaction& tx) {
          f.insert(tx, "b");
          tx.commit();
          if (!tx.isActive() && codeOf([&] { f.insert(tx, "late"); }) == ErrorCode::Misuse) ++after;
        });
      }));
      REQUIRE(line.add([&] {
        f.pool.transaction([&](Transaction& tx) {
          f.insert(tx, "c");
          tx.rollback();
          if (!tx.isActive() && codeOf([&] { f.insert(tx, "late"); }) == ErrorCode::Misuse) ++after;
        });
      }));
      REQUIRE(line.add(f.inserts("d")));
    }
    CHECK(after == 2);
    CHECK(f.names() == "a b d");
  }

  TEST_CASE("a bound of one transaction means that each commits on its own") {
    Opened f(1);
    {
      WriteLine line(f.pool);
      for (const char* name : {"a", "b", "c"}) REQUIRE(line.add(f.inserts(name)));
    }
    CHECK(f.names() == "a b c");
    CHECK(f.groups() == 0);
    CHECK(f.committed() == 3);
  }

  TEST_CASE("no group is larger than groupMaxTransactions") {
    Opened f(3);
    {
      WriteLine line(f.pool);
      for (int i = 0; i < 7; ++i) REQUIRE(line.add(f.inserts("n" + std::to_string(i))));
    }
    CHECK(f.rows() == 7);
    CHECK(f.pool.metrics().largestGroup == 3);
    CHECK(f.groups() == 2);
    CHECK(f.grouped() == 6);
  }

  TEST_CASE("nobody joins a group that has bound groupMaxBytes") {
    Opened f;
    f.config.groupMaxBytes = 4 * KiB;
    f.reopen();
    {
      WriteLine line(f.pool);
      REQUIRE(line.add(f.inserts(std::string(5000, 'a'))));
      REQUIRE(line.add(f.inserts(std::string(5000, 'b'))));
    }
    CHECK(f.rows() == 2);
    CHECK(f.pool.metrics().groupCommits == 0);
  }

  TEST_CASE("the age of a group counts from its first transaction, not from its wait in line") {
    Opened f;
    f.config.groupMaxDelay = 400ms;
    f.reopen();
    {
      WriteLine line(f.pool);
      REQUIRE(line.add(f.inserts("a")));
      REQUIRE(line.add(f.inserts("b")));
      const auto later = std::chrono::steady_clock::now() + 500ms;
      REQUIRE(eventually([later] { return std::chrono::steady_clock::now() >= later; }));
    }
    CHECK(f.rows() == 2);
    CHECK(f.pool.metrics().groupCommits == 1);
  }
}
