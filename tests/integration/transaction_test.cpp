#include <doctest/doctest.h>
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <holdfast/holdfast.hpp>

#include "connection/connection_impl.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"

using namespace std::chrono_literals;
using holdfast::Access;
using holdfast::Durability;
using holdfast::ErrorCode;
using holdfast::PooledConnection;
using holdfast::ReadTransaction;
using holdfast::RowView;
using holdfast::Transaction;
using holdfast::test::codeOf;
using holdfast::test::contains;
using holdfast::test::errorOf;
using holdfast::test::PoolFixture;
using holdfast::test::RawSqlite;

namespace {

struct Opened : PoolFixture {
  explicit Opened(std::size_t poolSize = 3) : PoolFixture(poolSize) { openWithRows(0); }
  /// As another process sees it.
  std::int64_t stored() { return RawSqlite(config.database).integer("SELECT count(*) FROM item"); }
};

void insert(Transaction& tx, const char* name) { tx.run("INSERT INTO item(name) VALUES (?)", name); }

}  // namespace

TEST_SUITE("integration/transaction") {
  TEST_CASE("a transaction whose callback returns is committed") {
    Opened f;
    f.pool.transaction([&](Transaction& tx) {
      CHECK(tx.depth() == 0);
      CHECK(tx.isActive());
      insert(tx, "a");
      insert(tx, "b");
      CHECK(f.stored() == 0);
    });
    CHECK(f.stored() == 2);
    CHECK(f.pool.metrics().transactionsCommitted == 2);  // openWithRows() had one.
  }

  TEST_CASE("a transaction whose callback throws is rolled back and the exception travels on") {
    Opened f;
    CHECK_THROWS_WITH_AS(f.pool.transaction([](Transaction& tx) {
      insert(tx, "a");
      throw std::runtime_error("no");
    }),
                         "no", std::runtime_error);
    CHECK_THROWS_AS(f.pool.transaction([](Transaction& tx) {
      insert(tx, "a");
      throw 7;
    }),
                    int);
    CHECK(f.stored() == 0);
    CHECK(f.pool.metrics().transactionsRolledBack == 2);
    CHECK(f.pool.transaction([](Transaction& tx) { return tx.run("DELETE FROM item").changes; }) == 0);
  }

  TEST_CASE("the outermost transaction has the write lock from its beginning") {
    Opened f;
    f.pool.transaction([&](Transaction&) {
      RawSqlite other(f.config.database);
      CHECK(other.tryRun("BEGIN IMMEDIATE") == SQLITE_BUSY);
    });
  }

  TEST_CASE("what the callback returns comes out") {
    Opened f;
    CHECK(f.pool.transaction([](Transaction& tx) {
      insert(tx, "a");
      return tx.lastInsertRowId();
    }) == 1);
    std::unique_ptr<int> moved = f.pool.transaction([](Transaction&) { return std::make_unique<int>(5); });
    CHECK(*moved == 5);
    const auto nested = f.pool.transaction([](Transaction& tx) {
      return tx.transaction([](Transaction& inner) {
        insert(inner, "b");
        return std::make_unique<std::string>("deep");
      });
    });
    CHECK(*nested == "deep");
    struct NoDefault {
      explicit NoDefault(int n) : value(n) {}
      int value;
    };
    CHECK(f.pool.transaction([](Transaction&) { return NoDefault(3); }).value == 3);
    static_assert(std::is_void_v<decltype(f.pool.transaction([](Transaction&) {}))>);
    CHECK(f.pool.read([](ReadTransaction& tx) { return tx.queryValue<int>("SELECT count(*) FROM item"); }) == 2);
  }

  TEST_CASE("a snapshot refuses a write that returns rows") {
    Opened f;
    f.pool.read([](ReadTransaction& tx) {
      CHECK(codeOf([&] { tx.runReturning("DELETE FROM item RETURNING id", [](const RowView&) {}); }) ==
            ErrorCode::Denied);
    });
  }
  TEST_CASE("a callback may end its transaction itself") {
    Opened f;
    f.pool.transaction([](Transaction& tx) {
      insert(tx, "a");
      tx.commit();
    });
    CHECK(f.stored() == 1);
    f.pool.transaction([](Transaction& tx) {
      insert(tx, "b");
      tx.rollback();
      CHECK_FALSE(tx.isActive());
    });
    CHECK(f.stored() == 1);
  }

  TEST_CASE("a transaction by hand is committed by commit alone") {
    Opened f;
    {
      Transaction tx = f.pool.begin();
      insert(tx, "a");
      tx.commit();
      CHECK_FALSE(tx.isActive());
    }
    CHECK(f.stored() == 1);
    {
      Transaction tx = f.pool.begin();
      insert(tx, "b");
    }
    {
      Transaction tx = f.pool.begin();
      insert(tx, "c");
      tx.rollback();
    }
    CHECK(f.stored() == 1);
    CHECK(f.pool.tryAcquire(Access::Write).has_value());
  }

  TEST_CASE("the write handle is free as soon as a transaction by hand has ended") {
    Opened f;
    Transaction tx = f.pool.begin();
    CHECK_FALSE(f.pool.tryAcquire(Access::Write).has_value());
    tx.commit();
    CHECK(f.pool.tryAcquire(Access::Write).has_value());
  }

  TEST_CASE("a transaction by hand can be moved") {
    Opened f;
    std::optional<Transaction> kept;
    {
      Transaction tx = f.pool.begin();
      insert(tx, "a");
      kept.emplace(std::move(tx));
      CHECK_FALSE(tx.isActive());
      CHECK(codeOf([&] { insert(tx, "b"); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { tx.commit(); }) == ErrorCode::Misuse);
    }
    CHECK(kept->isActive());
    kept->commit();
    CHECK(f.stored() == 1);
  }

  TEST_CASE("a transaction that has ended does nothing any more") {
    Opened f;
    Transaction tx = f.pool.begin();
    insert(tx, "a");
    tx.commit();
    CHECK(codeOf([&] { insert(tx, "b"); }) == ErrorCode::Misuse);
    CHECK(codeOf([&] { tx.query("SELECT 1"); }) == ErrorCode::Misuse);
    CHECK(codeOf([&] { tx.forEach("SELECT 1", [](const RowView&) {}); }) == ErrorCode::Misuse);
    CHECK(codeOf([&] { tx.commit(); }) == ErrorCode::Misuse);
    CHECK(codeOf([&] { tx.rollback(); }) == ErrorCode::Misuse);
    CHECK(codeOf([&] { tx.begin(); }) == ErrorCode::Misuse);
    CHECK(codeOf([&] { tx.transaction([](Transaction&) {}); }) == ErrorCode::Misuse);
    CHECK_FALSE(tx.isActive());
    CHECK(f.stored() == 1);
  }

  TEST_CASE("the last row id of a transaction that has ended can still be asked for") {
    Opened f;
    Transaction tx = f.pool.begin();
    insert(tx, "a");
    const std::int64_t id = tx.lastInsertRowId();
    tx.commit();
    f.pool.run("INSERT INTO item(id) VALUES (500)");
    CHECK(tx.lastInsertRowId() == id);
    f.pool.close();  // The handle is gone.
    CHECK(tx.lastInsertRowId() == id);
    CHECK_FALSE(tx.isActive());
  }

  TEST_CASE("a transaction on a leased connection leaves the lease with its holder") {
    Opened f;
    PooledConnection lease = f.pool.acquire();
    {
      Transaction tx(*lease);
      insert(tx, "a");
      CHECK(codeOf([&] { Transaction second(*lease); }) == ErrorCode::Misuse);
      tx.commit();
    }
    CHECK(f.stored() == 1);
    CHECK(lease->run("DELETE FROM item").changes == 1);
    { Transaction tx(*lease); }
    CHECK_FALSE(lease->inTransaction());
    Transaction owner(std::move(lease));
    owner.run("INSERT INTO item(name) VALUES ('b')");
    owner.commit();
    CHECK(f.pool.tryAcquire(Access::Write).has_value());
  }

  TEST_CASE("a read handle carries no transaction") {
    Opened f;
    PooledConnection lease = f.pool.acquire(Access::Read);
    CHECK(codeOf([&] { Transaction tx(*lease); }).has_value());
    CHECK_FALSE(lease->inTransaction());
    CHECK(lease->queryValue<int>("SELECT count(*) FROM item") == 0);
  }

  TEST_CASE("durability can be chosen for one transaction and is put back") {
    Opened f;
    const auto levelIn = [&](std::optional<Durability> durability) {
      return f.pool.transaction([](Transaction& tx) { return tx.queryValue<int>("PRAGMA synchronous"); },
                                {.durability = durability});
    };
    CHECK(levelIn({}) == 2);
    CHECK(levelIn(Durability::Normal) == 1);
    CHECK(levelIn({}) == 2);
    CHECK(levelIn(Durability::Off) == 1);  // Off is the database's to choose.
    CHECK(levelIn(Durability::Full) == 2);
    CHECK(f.pool.acquire()->queryValue<int>("PRAGMA synchronous") == 2);
    {
      Transaction tx = f.pool.begin({.durability = Durability::Off});
      CHECK(tx.queryValue<int>("PRAGMA synchronous") == 1);
    }
    CHECK(f.pool.acquire()->queryValue<int>("PRAGMA synchronous") == 2);
    CHECK_THROWS(f.pool.transaction([](Transaction&) { throw 1; }, {.durability = Durability::Off}));
    CHECK(f.pool.acquire()->queryValue<int>("PRAGMA synchronous") == 2);
    CHECK(f.events->count(holdfast::EventKind::StateRestored) == 0);  // Nothing of the caller's to report.
  }

  TEST_CASE("using the pool inside its own transaction is misuse and said at once") {
    Opened f;
    f.pool.transaction([&](Transaction& tx) {
      insert(tx, "a");
      const auto begin = std::chrono::steady_clock::now();
      const auto error = errorOf([&] { f.pool.run("INSERT INTO item(name) VALUES ('b')"); });
      REQUIRE(error.has_value());
      CHECK(error->code() == ErrorCode::Misuse);
      CHECK(contains(error->what(), "transaction_test.cpp"));
      CHECK(codeOf([&] { f.pool.transaction([](Transaction&) {}); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { f.pool.begin(); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { f.pool.acquire(Access::Write); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { f.pool.close(); }) == ErrorCode::Misuse);
      CHECK(std::chrono::steady_clock::now() - begin < 2s);  // acquireTimeout is 5 s.
      // Reading through the pool is another handle, which does not see what is not committed.
      CHECK(codeOf([&] { f.pool.query("SELECT 1"); }) == ErrorCode::Misuse);
    });
    CHECK(f.stored() == 1);
  }

  TEST_CASE("reading through a pool of one inside its own transaction is misuse too") {
    Opened f(1);
    f.pool.transaction([&](Transaction& tx) {
      CHECK(codeOf([&] { f.pool.query("SELECT 1"); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { f.pool.read([](ReadTransaction&) {}); }) == ErrorCode::Misuse);
      insert(tx, "a");
    });
    CHECK(f.rows() == 1);
  }

  TEST_CASE("a read transaction sees one state while others write") {
    Opened f;
    f.pool.run("INSERT INTO item(name) VALUES ('before')");
    f.pool.read([&](ReadTransaction& snapshot) {
      CHECK(snapshot.queryValue<int>("SELECT count(*) FROM item") == 1);
      std::thread([&] { f.pool.transaction([](Transaction& tx) { insert(tx, "meanwhile"); }); }).join();
      f.pool.run("UPDATE item SET name = 'changed'");
      CHECK(f.rows() == 2);
      CHECK(snapshot.queryValue<int>("SELECT count(*) FROM item") == 1);
      CHECK(snapshot.queryOne("SELECT name FROM item")->get<std::string>(0) == "before");
    });
    CHECK(f.rows() == 2);
  }

  TEST_CASE("a read transaction refuses to write and goes on") {
    for (const std::size_t poolSize : {std::size_t{1}, std::size_t{3}}) {
      Opened f(poolSize);
      f.pool.read([](ReadTransaction& snapshot) {
        CHECK(codeOf([&] { snapshot.run("INSERT INTO item(name) VALUES ('x')"); }) == ErrorCode::Denied);
        CHECK(codeOf([&] { snapshot.run("COMMIT"); }) == ErrorCode::Denied);
        CHECK(snapshot.queryValue<int>("SELECT count(*) FROM item") == 0);
      });
      CHECK_THROWS_AS(f.pool.read([](ReadTransaction&) { throw std::runtime_error("no"); }), std::runtime_error);
      CHECK(f.pool.metrics().activeConnections == 0);
      f.pool.run("INSERT INTO item(name) VALUES ('x')");
      CHECK(f.events->count(holdfast::EventKind::StateRestored) == 0);
    }
  }

  TEST_CASE("a snapshot that ends lets the log be shortened") {
    Opened f;
    f.pool.run("INSERT INTO item(name) VALUES ('x')");
    f.pool.read([&](ReadTransaction& snapshot) {
      snapshot.query("SELECT * FROM item");
      f.pool.run("INSERT INTO item(name) VALUES ('y')");
      CHECK_FALSE(f.pool.checkpoint().complete);
    });
    CHECK(f.pool.checkpoint().truncated);
  }

  TEST_CASE("transactions of many threads are all there and none is torn") {
    Opened f;
    constexpr int kThreads = 4;
    constexpr int kEach = 25;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kEach; ++i) {
          f.pool.transaction(
              [](Transaction& tx) {
                insert(tx, "left");
                insert(tx, "right");
              },
              {.durability = Durability::Off, .timeout = 60s});
          const int odd = f.pool
                              .queryValue<int>(
                                  "SELECT count(*) FILTER (WHERE name = 'left') - count(*) FILTER (WHERE name = "
                                  "'right') FROM item")
                              .value();
          if (odd != 0) FAIL_CHECK("a transaction is seen in part");
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(f.stored() == 2 * kThreads * kEach);
  }
}
