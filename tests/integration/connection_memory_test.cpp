// Calls that find no memory, at each place where they ask for some: they fail, and nothing is lost but the call.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include <holdfast/holdfast.hpp>

#include "connection/connection_impl.hpp"
#include "support/child_process.hpp"
#include "support/failing_allocation.hpp"
#include "support/pool_fixture.hpp"

using holdfast::Access;
using holdfast::PooledConnection;
using holdfast::Sql;
using holdfast::Transaction;
using holdfast::test::FailingAllocation;
using holdfast::test::inChild;
using holdfast::test::PoolFixture;

namespace {

constexpr int kGood = 42;

/// One that asks for no memory itself.
class SilentLogger final : public holdfast::Logger {
 public:
  void log(holdfast::LogLevel, std::string_view, std::string_view) noexcept override {}
};

struct Quiet : PoolFixture {
  Quiet() : PoolFixture(2) { config.logger = std::make_shared<SilentLogger>(); }
};

/// Runs `body` with 0, 1, 2, ... allocations until none fails. Calls `check` after each run. Returns how many it took;
/// -1 where there is no end to it.
template <typename Body, typename Check>
int withEachAllocationFailing(Body body, Check check) {
  for (int allowed = 0; allowed < 3000; ++allowed) {
    bool failed = false;
    {
      const FailingAllocation failing(allowed);
      try {
        body();
      } catch (const std::exception&) {
      }
      failed = FailingAllocation::hasFailed();
    }
    check();
    if (!failed) return allowed;
  }
  return -1;
}

int runningStatements(holdfast::Connection& connection) {
  int count = 0;
  sqlite3* handle = connection.impl().handle;
  for (auto* each = sqlite3_next_stmt(handle, nullptr); each != nullptr; each = sqlite3_next_stmt(handle, each)) {
    count += sqlite3_stmt_busy(each) != 0 ? 1 : 0;
  }
  return count;
}

}  // namespace

TEST_SUITE("integration/connection_memory") {
  TEST_CASE("a query that finds no memory leaves no statement in use") {
    Quiet f;
    f.openWithRows(3);
    PooledConnection lease = f.pool.acquire(Access::Read);
    int number = 0;
    const int needed = withEachAllocationFailing([&] { lease->query("SELECT id, name FROM item WHERE id > ?", 0); },
                                                 [&] {
                                                   ++number;
                                                   CHECK(runningStatements(*lease) == 0);
                                                   lease->impl().statements.clear();
                                                   CHECK(lease->impl().statements.size() == 0);
                                                 });
    CHECK(needed > 3);
    CHECK(number == needed + 1);
  }

  TEST_CASE("a refusal that finds no memory for its text leaves no statement in use") {
    Quiet f;
    f.openWithRows(3);
    PooledConnection lease = f.pool.acquire(Access::Read);
    for (const Sql& sql : {Sql("SELECT id FROM item WHERE id > ? AND id < ?"), Sql("DELETE FROM item WHERE id > ?")}) {
      withEachAllocationFailing([&] { lease->query(sql, 0); },
                                [&] {
                                  lease->impl().statements.clear();
                                  CHECK(lease->impl().statements.size() == 0);
                                });
    }
  }

  TEST_CASE("an acquire that finds no memory loses no slot") {
    CHECK(inChild([] {  // Because a defect here may end the process.
            Quiet f;
            f.openWithRows(3);
            f.pool.acquire(Access::Read).release();
            const int needed = withEachAllocationFailing(
                [&] {
                  f.pool.acquire(Access::Read).discard();  // Opens another one.
                },
                [] {});
            if (needed < 0) return 1;
            f.clock->advance(std::chrono::hours{1});
            if (f.pool.metrics().activeConnections != 0) return 2;
            return f.rows() == 3 ? kGood : 3;
          }) == kGood);
  }

  TEST_CASE("an open that finds no memory leaves the pool closed") {
    CHECK(inChild([] {
            Quiet f;
            const int needed = withEachAllocationFailing([&] { f.open(); },
                                                         [&] {
                                                           if (f.pool.isOpen()) f.pool.close();
                                                         });
            if (needed < 0) return 1;
            f.openWithRows(1);
            return f.rows() == 1 ? kGood : 2;
          }) == kGood);
  }

  TEST_CASE("a transaction that finds no memory is rolled back") {
    CHECK(inChild([] {
            Quiet f;
            f.openWithRows(0);
            bool torn = false;
            const int needed = withEachAllocationFailing(
                [&] {
                  f.pool.transaction([&](Transaction& tx) {
                    tx.run("INSERT INTO item(name) VALUES ('left')");
                    tx.transaction([](Transaction& nested) {
                      nested.run("INSERT INTO item(name) VALUES (?)", std::string(100, 'r'));
                    });
                  });
                },
                [&] { torn = torn || f.rows() % 2 != 0 || f.pool.metrics().activeConnections != 0; });
            if (needed < 0) return 1;
            return torn ? 2 : kGood;
          }) == kGood);
  }

  TEST_CASE("a lease with state to undo that finds no memory is put right all the same") {
    CHECK(inChild([] {
            Quiet f;
            f.openWithRows(0);
            bool wrong = false;
            const int needed = withEachAllocationFailing(
                [&] {
                  PooledConnection lease = f.pool.acquire();
                  lease->run("PRAGMA cache_size=17");
                  sqlite3_exec(lease->nativeHandle(), "BEGIN", nullptr, nullptr, nullptr);
                },
                [&] {
                  f.clock->advance(std::chrono::hours{1});
                  PooledConnection lease = f.pool.acquire();
                  wrong = wrong || lease->inTransaction() || lease->queryValue<int>("PRAGMA cache_size") == 17;
                });
            if (needed < 0) return 1;
            return wrong ? 2 : kGood;
          }) == kGood);
  }
}
