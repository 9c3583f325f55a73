// The C++ allocations of what the pool does by itself fail: posted work, housekeeping, health checks, more threads.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pool/executor.hpp"
#include "support/fail_each_allocation.hpp"
#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

ConnectionConfig quiet(const PoolFixture& fixture) {
  ConnectionConfig config = fixture.config;
  config.logger = std::make_shared<NoLogger>();
  return config;
}

/// Whether the future of an insertion of `name` says what became of it.
bool isTold(ConnectionPool& pool, Future<RunResult>& future, const std::string& name) {
  const int written = pool.queryValue<int>("SELECT count(*) FROM item WHERE name = ?", name).value();
  try {
    future.get();
    return written == 1;
  } catch (const Error& error) {
    return error.code() == ErrorCode::OutcomeUnknown ? written <= 1 : written == 0;
  } catch (const std::bad_alloc&) {
    return written == 0;
  }
}

/// A pool in whose queue ten pieces of work wait, of which one COMMIT takes a part.
struct Posting {
  explicit Posting(const PoolFixture& fixture) {
    ConnectionConfig config = quiet(fixture);
    config.postBatch = 1;
    config.postDelay = 1h;
    pool.open(config);
    pool.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
    pool.run("INSERT INTO item(name) VALUES ('taken')");
  }
  /// With `undone` each is followed by one that makes SQLite undo everything.
  void post(bool undone = false) {
    const PooledConnection writer = pool.acquire();  // Who holds it only queues.
    for (int i = 0; i < 10; ++i) {
      names.push_back("n" + std::to_string(number++));
      futures.push_back(pool.post("INSERT INTO item(name) VALUES (?)", names.back()));
      if (undone) others.push_back(pool.post("INSERT OR ROLLBACK INTO item(name) VALUES ('taken')"));
    }
  }
  /// Carries out what is left, with memory. Whether every future says the truth.
  bool isSettled() {
    while (pool.metrics().pendingPosts > 0) pool.flush();
    bool good = pool.leases().empty();
    for (std::size_t i = 0; i < futures.size(); ++i) {
      good = good && futures[i].ready() && isTold(pool, futures[i], names[i]);
    }
    for (const Future<RunResult>& other : others) good = good && other.ready();
    futures.clear();
    names.clear();
    others.clear();
    return good;
  }

  ConnectionPool pool;
  std::vector<Future<RunResult>> futures;
  std::vector<std::string> names;
  std::vector<Future<RunResult>> others;
  int number = 0;
};

/// Counts the lines that there was no memory for, and ends the lack of it with the last one wanted.
class LinesLost final : public Logger {
 public:
  void log(LogLevel, std::string_view, std::string_view message) noexcept override {
    if (message.find("no memory for the text") != std::string_view::npos && ++count == 2) shortage.reset();
  }
  std::atomic<int> count{0};
  std::optional<FailingAllocation> shortage;
};

}  // namespace

TEST_SUITE("memory/upkeep_allocation") {
  TEST_CASE("posted work that meets a lack of memory is written once or its future says why not") {
    CHECK(survives([] {
      const PoolFixture fixture(2);
      Posting posting(fixture);
      posting.post();
      bool good = true;
      const int points = failEachAllocation([&] { posting.pool.flush(); },
                                            [&] {
                                              good = good && posting.isSettled();
                                              posting.post();
                                            });
      return good && points > 3;
    }));
  }

  TEST_CASE("a durability that cannot be put back for want of memory does not reach the next lease") {
    PoolFixture fixture(2);
    fixture.openWithRows(0);
    const std::optional<ErrorCode> code = codeOf([&] {
      fixture.pool.transaction(
          [](Transaction& tx) {
            tx.run("INSERT INTO item(name) VALUES ('x')");
            sqlite3_hard_heap_limit64(sqlite3_memory_used());  // SQLite gets no more from here on.
          },
          {.durability = Durability::Normal});
    });
    sqlite3_hard_heap_limit64(0);
    sqlite3_soft_heap_limit64(0);  // The hard one has lowered it.
    fixture.clock->advance(1min);  // A handle that could not be opened is tried again.
    CHECK(fixture.pool.acquire()->queryValue<int>("PRAGMA synchronous") == 2);
    if (code != ErrorCode::OutcomeUnknown) CHECK(fixture.rows() == (code ? 0 : 1));
  }

  TEST_CASE("a health check that runs out of memory loses no slot") {
    CHECK(survives([] {
      const PoolFixture fixture(2);
      ConnectionPool pool(quiet(fixture));
      bool good = true;
      const int points = failEachAllocation([&] { pool.checkHealth(); },
                                            [&] {
                                              good = good && pool.metrics().activeConnections == 0;
                                              good = good && pool.checkHealth().healthy;
                                            });
      return good && points > 0;
    }));
  }

  TEST_CASE("a cache that cannot be resized for want of memory keeps its size and serves on") {
    CHECK(survives([] {
      const PoolFixture fixture(2);
      const PoolFixture neighbour(2);
      ConnectionConfig config = quiet(fixture);
      config.memoryLimit = 4 * MiB;
      ConnectionConfig other = quiet(neighbour);
      other.memoryLimit = 4 * MiB;
      ConnectionPool pool(config);
      ConnectionPool second;
      bool good = true;
      second.open(other);  // The first one's share is smaller from here on.
      const int points = failEachAllocation([&] { pool.tick(); },
                                            [&] {
                                              good = good && pool.query("SELECT 1").size() == 1;
                                              second.isOpen() ? second.close() : static_cast<void>(second.open(other));
                                            });
      return good && points > 0;
    }));
  }

  TEST_CASE("housekeeping goes on after a round that ran out of memory") {
    const Watchdog watchdog("housekeeping has stopped");
    std::atomic<bool> done{false};
    PoolFixture fixture(3);
    const auto logger = std::make_shared<LinesLost>();
    fixture.config.logger = logger;
    fixture.config.clock = nullptr;
    fixture.config.housekeeping = HousekeepingMode::Thread;
    fixture.config.housekeepingInterval = 10ms;
    fixture.config.leakThreshold = 1ms;
    fixture.pool.subscribe([&](const Event& event) {
      // On the housekeeper's thread: from here on it has no memory, until two lines have been lost.
      if (event.kind == EventKind::LeaseLeaked && !done.exchange(true)) logger->shortage.emplace(0);
    });
    fixture.open();
    {
      const PooledConnection first = fixture.pool.acquire(Access::Read);
      const PooledConnection second = fixture.pool.acquire(Access::Read);
      CHECK(eventually([&] { return logger->count >= 2; }));
    }
    const std::size_t reported = fixture.events->count(EventKind::LeaseLeaked);
    const PooledConnection third = fixture.pool.acquire(Access::Read);
    CHECK(eventually([&] { return fixture.events->count(EventKind::LeaseLeaked) > reported; }));
  }

  TEST_CASE("an executor that cannot start all of its threads makes do with those that there are") {
    CHECK(survives([] {
      bool good = true;
      bool failed = true;
      for (int allowed = 0; failed && allowed < 100; ++allowed) {
        Executor executor({.threads = 3, .capacity = 8});
        std::atomic<int> runs{0};
        Task task([&] { ++runs; });
        bool taken = false;
        {
          const FailingAllocation failing(allowed);
          try {
            taken = executor.submit(std::move(task), std::chrono::steady_clock::now());
          } catch (const std::exception&) {
          }
          failed = FailingAllocation::hasFailed();
        }
        executor.stop(true);
        good = good && runs == (taken ? 1 : 0);
      }
      return good && !failed;
    }));
  }

  TEST_CASE("posted work that is undone because of others for want of memory says the truth") {
    CHECK(survives([] {
      const PoolFixture fixture(2);
      Posting posting(fixture);
      posting.post(true);
      bool good = true;
      const int points = failEachAllocation([&] { posting.pool.flush(); },
                                            [&] {
                                              good = good && posting.isSettled();
                                              posting.post(true);
                                            });
      return good && points > 10;
    }));
  }
}
