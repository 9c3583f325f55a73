// Everything at once. What the threads see matters less than that nothing is lost, torn or raced for.

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <set>
#include <thread>

#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

/// Runs the jobs, each on a thread of its own, all from one moment on.
void together(const std::vector<std::function<void()>>& jobs) {
  std::atomic<std::size_t> ready = 0;
  std::vector<std::jthread> threads;
  for (const auto& job : jobs) {
    threads.emplace_back([&] {
      ++ready;
      eventually([&] { return ready == jobs.size(); });
      job();
    });
  }
}

/// Errors that a thread may meet while others force, close and open.
class Errors {
 public:
  explicit Errors(std::set<ErrorCode> allowed) : allowed_(std::move(allowed)) {}
  template <typename F>
  bool none(F&& body) {
    const std::optional<Error> error = errorOf(body);
    if (error && !allowed_.contains(error->code())) {
      const std::lock_guard lock(mutex_);
      unexpected_.emplace_back(error->what());
    }
    return !error;
  }
  std::vector<std::string> unexpected() const { return unexpected_; }

 private:
  std::set<ErrorCode> allowed_;
  std::mutex mutex_;
  std::vector<std::string> unexpected_;
};

void reportUnexpected(const Errors& errors) {
  for (const std::string& text : errors.unexpected()) MESSAGE(text);
  CHECK(errors.unexpected().empty());
}

void createLedger(ConnectionPool& pool) {
  pool.run("CREATE TABLE IF NOT EXISTS entry(id INTEGER PRIMARY KEY, amount INTEGER)");
  pool.run("CREATE TABLE IF NOT EXISTS total(sum INTEGER, n INTEGER)");
  pool.run("INSERT INTO total SELECT 0, 0 WHERE NOT EXISTS (SELECT * FROM total)");
}

void post(ConnectionPool& pool, int amount) {
  pool.transaction([amount](Transaction& tx) {
    tx.run("INSERT INTO entry(amount) VALUES (?)", amount);
    tx.run("UPDATE total SET sum = sum + ?, n = n + 1", amount);
  });
}

/// A snapshot in which both tables must agree.
bool isBalanced(ConnectionPool& pool) {
  return pool.read([](ReadTransaction& snapshot) {
    const auto entries = snapshot.queryOne("SELECT count(*), coalesce(sum(amount), 0) FROM entry");
    const auto total = snapshot.queryOne("SELECT n, sum FROM total");
    return entries->get<std::int64_t>(0) == total->get<std::int64_t>(0) &&
           entries->get<std::int64_t>(1) == total->get<std::int64_t>(1);
  });
}

}  // namespace

TEST_SUITE("pool/stress") {
  TEST_CASE("readers, writers, housekeeping and onlookers at once lose and tear nothing") {
    const Watchdog watchdog("mixed load", 120s);
    PoolFixture fixture(4);
    fixture.config.acquireTimeout = 60s;
    fixture.config.durability = Durability::Off;
    fixture.config.checkpointPages = 64;
    fixture.config.memoryLimit = 4 * MiB;
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    createLedger(pool);
    Errors errors({});
    std::atomic<int> torn = 0;
    std::atomic<std::uint64_t> proofs = 0;  // Of health checks, that the database can be written.
    std::atomic<int> working = 8;
    std::vector<std::function<void()>> jobs;
    for (int i = 0; i < 4; ++i) {
      jobs.emplace_back([&, i] {
        for (int n = 0; n < 40; ++n) errors.none([&] { post(pool, i + n); });
        --working;
      });
      jobs.emplace_back([&] {
        for (int n = 0; n < 60; ++n) {
          errors.none([&] { torn += isBalanced(pool) ? 0 : 1; });
          errors.none([&] { pool.query("SELECT * FROM entry ORDER BY amount DESC LIMIT 20"); });
        }
        --working;
      });
    }
    for (int i = 0; i < 2; ++i) {
      jobs.emplace_back([&] {
        while (working > 0) {
          fixture.clock->advance(1min);
          errors.none([&] { pool.tick(); });
          std::this_thread::yield();
        }
      });
    }
    jobs.emplace_back([&] {
      while (working > 0) {
        pool.metrics();
        pool.leases();
        errors.none([&] { proofs += pool.checkHealth().wrotePage ? 1 : 0; });
        pool.unsubscribe(pool.subscribe([](const Event&) {}));
        errors.none([&] { pool.tryAcquire(Access::Read); });
      }
    });
    together(jobs);
    reportUnexpected(errors);
    CHECK(torn == 0);
    CHECK(pool.queryValue<std::int64_t>("SELECT n FROM total") == 160);
    CHECK(isBalanced(pool));
    CHECK(pool.leases().empty());
    CHECK(pool.metrics().activeConnections == 0);
    CHECK(pool.metrics().pendingRequests == 0);
    CHECK(pool.metrics().transactionsCommitted == 160 + proofs);
  }

  TEST_CASE("leases forced back and discarded all the time tear nothing") {
    const Watchdog watchdog("forced leases", 120s);
    PoolFixture fixture(3);
    fixture.config.acquireTimeout = 60s;
    fixture.config.durability = Durability::Off;
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    createLedger(pool);
    Errors errors(
        {ErrorCode::LeaseRevoked, ErrorCode::Interrupted, ErrorCode::TransactionAborted, ErrorCode::OutcomeUnknown});
    std::atomic<int> working = 6;
    std::atomic<int> posted = 0;
    std::atomic<int> torn = 0;
    std::vector<std::function<void()>> jobs;
    for (int i = 0; i < 3; ++i) {
      jobs.emplace_back([&] {
        for (int n = 0; n < 60; ++n) posted += errors.none([&] { post(pool, n); }) ? 1 : 0;
        --working;
      });
      jobs.emplace_back([&] {
        for (int n = 0; n < 60; ++n) {
          errors.none([&] { torn += isBalanced(pool) ? 0 : 1; });
          if (n % 10 == 0) errors.none([&] { pool.acquire(Access::Read).discard(); });
        }
        --working;
      });
    }
    jobs.emplace_back([&] {
      for (int n = 0; working > 0; ++n) {
        const std::vector<LeaseInfo> leases = pool.leases();
        if (n % 8 == 0 && !leases.empty()) pool.forceCleanup(leases.front().leaseId);
        std::this_thread::yield();
      }
    });
    together(jobs);
    reportUnexpected(errors);
    CHECK(torn == 0);
    CHECK(isBalanced(pool));
    CHECK(pool.queryValue<std::int64_t>("SELECT n FROM total").value() >= posted);
    CHECK(pool.leases().empty());
    for (int i = 0; i < 5; ++i) CHECK_FALSE(codeOf([&] { post(pool, 1); }));
    const PoolMetrics metrics = pool.metrics();
    CHECK(metrics.connectionsCreated == metrics.connectionsDestroyed + metrics.totalConnections);
  }

  TEST_CASE("a pool closed and opened under the hands of its users keeps every promise") {
    const Watchdog watchdog("close and reopen", 120s);
    PoolFixture fixture(3);
    fixture.config.durability = Durability::Off;
    fixture.config.housekeeping = HousekeepingMode::Thread;
    fixture.config.housekeepingInterval = 10ms;
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    createLedger(pool);
    Errors errors({ErrorCode::PoolClosed, ErrorCode::Misuse, ErrorCode::Interrupted, ErrorCode::Timeout});
    std::atomic<bool> over = false;
    std::atomic<int> posted = 0;
    std::vector<std::function<void()>> jobs;
    for (int i = 0; i < 3; ++i) {
      jobs.emplace_back([&] {
        while (!over) posted += errors.none([&] { post(pool, 1); }) ? 1 : 0;
      });
      jobs.emplace_back([&] {
        while (!over) errors.none([&] { pool.query("SELECT count(*) FROM entry"); });
      });
    }
    jobs.emplace_back([&] {
      while (!over) {
        pool.metrics();
        errors.none([&] { pool.tick(); });
        errors.none([&] { pool.checkHealth(); });
        for (const LeaseInfo& lease : pool.leases()) {
          if (lease.access == Access::Read) pool.forceCleanup(lease.leaseId + 1000000);
        }
      }
    });
    for (int i = 0; i < 2; ++i) {
      jobs.emplace_back([&, i] {
        ConnectionConfig config = fixture.config;
        for (int round = 0; round < 15; ++round) {
          config.poolSize = static_cast<std::size_t>(1 + (round + i) % 4);
          errors.none([&] { pool.close(); });
          errors.none([&] { pool.open(config); });
        }
        if (i == 0) over = true;
      });
    }
    together(jobs);
    reportUnexpected(errors);
    errors.none([&] { pool.open(fixture.config); });
    REQUIRE(pool.isOpen());
    CHECK(isBalanced(pool));
    CHECK(pool.queryValue<std::int64_t>("SELECT n FROM total") == posted);
    CHECK(pool.leases().empty());
  }

  TEST_CASE("close() races with acquires, and each of those ends in a lease or in PoolClosed") {
    const Watchdog watchdog("close() against acquires", 120s);
    PoolFixture fixture(3);
    ConnectionPool& pool = fixture.pool;
    Errors errors({ErrorCode::PoolClosed});
    for (int round = 0; round < 25; ++round) {
      fixture.open();
      std::vector<std::function<void()>> jobs(6, [&] {
        while (true) {
          const Access access = pool.metrics().acquires % 2 == 0 ? Access::Read : Access::Write;
          if (!errors.none([&] { pool.acquire(access, 2 * kPatience)->query("SELECT 1"); })) return;
        }
      });
      jobs.emplace_back([&] {
        eventually([&] { return pool.metrics().acquires > 20; });
        CHECK_FALSE(codeOf([&] { pool.close(); }));
      });
      together(jobs);
      CHECK_FALSE(pool.isOpen());
      CHECK(pool.metrics().totalConnections == 0);
      CHECK(pool.metrics().pendingRequests == 0);
    }
    reportUnexpected(errors);
  }

  TEST_CASE("many pools live and die side by side under one memory limit") {
    const Watchdog watchdog("many pools", 120s);
    const TempDirectory directory;
    const auto logger = std::make_shared<RecordingLogger>();
    Errors errors({});
    std::vector<std::function<void()>> jobs;
    for (int i = 0; i < 8; ++i) {
      jobs.emplace_back([&, i] {
        for (int round = 0; round < 5; ++round) {
          errors.none([&] {
            ConnectionConfig config;
            config.database = directory.file(std::to_string(i) + ".db");
            config.poolSize = static_cast<std::size_t>(1 + (i + round) % 4);
            config.memoryLimit = (8 + i) * MiB;
            config.logger = logger;
            config.durability = Durability::Off;
            ConnectionPool pool(config);
            createLedger(pool);
            for (int n = 0; n < 5; ++n) post(pool, n);
            if (pool.queryValue<std::int64_t>("SELECT n FROM total") != 5 * (round + 1)) {
              throw Error(ErrorCode::Internal, "transactions are missing");
            }
          });
        }
      });
    }
    together(jobs);
    reportUnexpected(errors);
  }
}
