// What goes wrong in a group: for the one that it happens to, and for the others.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "support/failing_allocation.hpp"
#include "support/faulty_vfs.hpp"
#include "support/pool_fixture.hpp"
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
    openWithRows(0);
    pool.run("CREATE UNIQUE INDEX names ON item(name)");
    pool.run("CREATE TABLE ref(item REFERENCES item(id) DEFERRABLE INITIALLY DEFERRED)");
  }
  /// Sorted: who is run again has a later id.
  std::string names() const { return PoolFixture::names("name"); }
  Watchdog watchdog{"a group does not end"};
};

constexpr Sql kEndless(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "INSERT INTO item(name) SELECT 'endless' || i FROM n");

}  // namespace

TEST_SUITE("integration/group_commit_errors") {
  TEST_CASE("when one makes SQLite undo everything the others are run again") {
    // The statement as such, the deadline, and the stop token: each ends the whole of SQLite's transaction.
    for (int way = 0; way < 3; ++way) {
      Opened f;
      f.inserts("taken")();
      std::optional<ErrorCode> code;
      std::stop_source stop;
      std::atomic<std::uint64_t> queriesBefore{0};
      std::atomic<bool> over{false};
      Gate started;
      std::thread stopper([&] {
        started.pass();
        eventually([&] { return f.pool.metrics().totalQueries > queriesBefore || over; });
        stop.request_stop();
      });
      std::atomic<int> runs{0};
      {
        WriteLine line(f.pool);
        auto counted = [&](const char* name) {
          return [&f, &runs, name] {
            f.pool.transaction([&](Transaction& tx) {
              ++runs;
              tx.run("INSERT INTO item(name) VALUES (?)", name);
            });
          };
        };
        REQUIRE(line.add(counted("a")));
        REQUIRE(line.add(counted("b")));
        REQUIRE(line.add([&] {
          code = codeOf([&] {
            TransactionOptions options;
            if (way == 1) options.timeout = 300ms;
            if (way == 2) options.cancel = stop.get_token();
            f.pool.transaction(
                [&](Transaction& tx) {
                  if (way == 0) {
                    started.open();
                    tx.run("INSERT OR ROLLBACK INTO item(name) VALUES ('taken')");
                  }
                  queriesBefore = f.pool.metrics().totalQueries;
                  started.open();
                  tx.run(kEndless);
                },
                options);
          });
        }));
        REQUIRE(line.add(counted("c")));
      }
      over = true;
      started.open();
      stopper.join();
      CAPTURE(way);
      const std::array<ErrorCode, 3> expected{ErrorCode::Constraint, ErrorCode::Timeout, ErrorCode::Interrupted};
      // On a slow machine the time may be over before its turn: then it has not disturbed anybody.
      if (code != ErrorCode::PoolExhausted) CHECK(code == expected[static_cast<std::size_t>(way)]);
      if (way == 0) CHECK(runs == 5);
      CHECK(runs >= 3);
      CHECK(f.names() == "a b c taken");
      CHECK(f.pool.metrics().connectionsRecovered == 0);
    }
  }

  TEST_CASE("a full disk inside of one fails that one, and the others are run again") {
    Opened f;
    std::optional<ErrorCode> code;
    std::atomic<bool> once{false};
    {
      WriteLine line(f.pool);
      REQUIRE(line.add(f.inserts("a")));
      REQUIRE(line.add([&] {
        code = codeOf([&] {
          f.pool.transaction([&](Transaction& tx) {
            tx.run("INSERT INTO item(name) VALUES ('x')");
            if (once.exchange(true)) return;
            f.fail(FileRole::Log, FileAction::Write, SQLITE_FULL);
            auto spill = [&] {
              for (int i = 0; i < 1000; ++i) tx.run("INSERT INTO item(name) VALUES (zeroblob(8000) || ?)", i);
            };
            try {
              spill();
            } catch (...) {
              f.heal();
              throw;
            }
            f.heal();
          });
        });
      }));
      REQUIRE(line.add(f.inserts("b")));
    }
    CHECK(code == ErrorCode::StorageFull);
    CHECK(f.names() == "a b");
    CHECK(f.isSound());
  }

  TEST_CASE("a commit that fails fails everybody with the cause") {
    Opened f;
    std::array<std::optional<Error>, 4> errors;
    {
      WriteLine line(f.pool);
      for (std::size_t i = 0; i < errors.size(); ++i) {
        REQUIRE(line.add([&, i] { errors[i] = errorOf(f.inserts("n" + std::to_string(i))); }));
      }
      f.fail(FileRole::Log, FileAction::Write, SQLITE_FULL);
    }
    CHECK(f.refused() == 1);
    f.heal();
    for (const auto& error : errors) {
      REQUIRE(error.has_value());
      CHECK(error->code() == ErrorCode::StorageFull);
      CHECK(contains(error->what(), "COMMIT"));
    }
    CHECK(f.names().empty());
    f.inserts("later")();
    CHECK(f.names() == "later");
    CHECK(f.isSound());
    CHECK(f.pool.metrics().transactionsRolledBack == errors.size());
  }

  TEST_CASE("where nobody can know whether a shared commit took effect everybody is told so") {
    Opened f;
    std::array<std::optional<Error>, 3> errors;
    {
      WriteLine line(f.pool);
      for (std::size_t i = 0; i < errors.size(); ++i) {
        REQUIRE(line.add([&, i] { errors[i] = errorOf(f.inserts("n" + std::to_string(i))); }));
      }
      f.fail(FileRole::Log, FileAction::Sync, SQLITE_IOERR_FSYNC);
    }
    f.heal();
    for (const auto& error : errors) {
      REQUIRE(error.has_value());
      CHECK(error->code() == errors[0]->code());
      CHECK((error->code() == ErrorCode::OutcomeUnknown || error->code() == ErrorCode::IoError));
    }
    f.inserts("later")();
    const std::string names = f.names();
    CHECK((names == "later" || (errors[0]->code() == ErrorCode::OutcomeUnknown && names == "later n0 n1 n2")));
    CHECK(f.isSound());
  }

  TEST_CASE("a deferred foreign key that is not met fails only its own transaction, wherever that stands") {
    for (std::size_t bad = 0; bad < 3; ++bad) {
      Opened f;
      std::array<std::optional<ErrorCode>, 3> codes;
      {
        WriteLine line(f.pool);
        for (std::size_t i = 0; i < codes.size(); ++i) {
          REQUIRE(line.add([&, i] {
            codes[i] = codeOf([&] {
              f.pool.transaction([&](Transaction& tx) {
                tx.run("INSERT INTO item(name) VALUES (?)", "n" + std::to_string(i));
                tx.run("INSERT INTO ref VALUES (?)", i == bad ? 99 : tx.lastInsertRowId());
              });
            });
          }));
        }
      }
      for (std::size_t i = 0; i < codes.size(); ++i) {
        if (i == bad) CHECK(codes[i] == ErrorCode::Constraint);
        if (i != bad) CHECK_FALSE(codes[i].has_value());
      }
      CHECK(f.rows() == 2);
    }
  }

  TEST_CASE("a deferred foreign key may be met by the end of its own transaction") {
    Opened f;
    {
      WriteLine line(f.pool);
      for (int i = 1; i <= 3; ++i) {
        REQUIRE(line.add([&f, i] {
          f.pool.transaction([&](Transaction& tx) {
            tx.run("INSERT INTO ref VALUES (?)", i);
            tx.run("INSERT INTO item(id, name) VALUES (?, ?)", i, "n" + std::to_string(i));
          });
        }));
      }
    }
    CHECK(f.pool.metrics().groupCommits == 1);
    CHECK(f.rows() == 3);
  }

  TEST_CASE("whoever is told of having failed for want of memory has changed nothing") {
    for (int allowed = 0; allowed < 40; ++allowed) {
      Opened f;
      std::optional<bool> failed;
      {
        WriteLine line(f.pool);
        REQUIRE(line.add(f.inserts("a")));
        REQUIRE(line.add([&] {
          try {
            f.pool.transaction([&](Transaction& tx) {
              tx.run("INSERT INTO item(name) VALUES ('x')");
              const FailingAllocation none(allowed);
              tx.commit();
            });
            failed = false;
          } catch (const std::exception&) {
            failed = true;
          }
        }));
        REQUIRE(line.add(f.inserts("b")));
      }
      REQUIRE(failed.has_value());
      CAPTURE(allowed);
      CHECK(f.names() == (*failed ? "a b" : "a b x"));
      if (!*failed) break;
    }
  }

  TEST_CASE("a transaction that may not be run again has no company to fail with") {
    Opened f;
    f.inserts("taken")();
    std::optional<Error> error;
    {
      WriteLine line(f.pool);
      REQUIRE(line.add([&] { error = errorOf(f.inserts("a", {.maxRetries = 0})); }));
      REQUIRE(line.add([&] {
        CHECK(codeOf([&] {
                f.pool.transaction(
                    [](Transaction& tx) { tx.run("INSERT OR ROLLBACK INTO item(name) VALUES ('taken')"); });
              }) == ErrorCode::Constraint);
      }));
    }
    CHECK_FALSE(error.has_value());
    CHECK(f.pool.metrics().groupCommits == 0);
  }
}
