// Waiting in line: order, hand-over, deadlines, and that nobody is forgotten there.

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

/// Threads that queue for a lane one after the other, and note the order in which they were served.
class Queue {
 public:
  Queue(ConnectionPool& pool, Access access, int threads) : pool_(pool) {
    const std::size_t before = pool.metrics().pendingRequests;
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this, access, i] {
        const PooledConnection lease = pool_.acquire(access, 3 * kPatience);
        note(i);
      });
      queued_ = queued_ &&
                eventually([&] { return pool_.metrics().pendingRequests == before + static_cast<std::size_t>(i) + 1; });
    }
  }
  bool queued() const { return queued_; }
  void note(int who) {
    const std::lock_guard lock(mutex_);
    served_.push_back(who);
  }
  std::vector<int> served() {
    for (std::jthread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    return served_;
  }

 private:
  ConnectionPool& pool_;
  bool queued_ = true;
  std::mutex mutex_;
  std::vector<int> served_;
  std::vector<std::jthread> threads_;
};

std::vector<int> inOrder(int n) {
  std::vector<int> result;
  for (int i = 0; i < n; ++i) result.push_back(i);
  return result;
}

}  // namespace

TEST_SUITE("pool/waiting") {
  TEST_CASE("writers are served in the order of asking") {
    PoolFixture fixture(3);
    fixture.open();
    PooledConnection held = fixture.pool.acquire();
    Queue queue(fixture.pool, Access::Write, 12);
    REQUIRE(queue.queued());
    held.release();
    CHECK(queue.served() == inOrder(12));
  }

  TEST_CASE("readers are served in the order of asking") {
    PoolFixture fixture(3);
    fixture.open();
    PooledConnection first = fixture.pool.acquire(Access::Read);
    const PooledConnection second = fixture.pool.acquire(Access::Read);
    Queue queue(fixture.pool, Access::Read, 12);
    REQUIRE(queue.queued());
    first.release();  // The other one stays out, so that there is one order and not two at once.
    CHECK(queue.served() == inOrder(12));
  }

  TEST_CASE("in a pool of one readers and writers wait in one line") {
    PoolFixture fixture(1);
    fixture.open();
    PooledConnection held = fixture.pool.acquire();
    Queue writers(fixture.pool, Access::Write, 2);
    Queue readers(fixture.pool, Access::Read, 2);
    REQUIRE(writers.queued());
    REQUIRE(readers.queued());
    held.release();
    CHECK(writers.served() == inOrder(2));
    CHECK(readers.served() == inOrder(2));
  }

  TEST_CASE("who releases and asks again stands behind those who waited") {
    PoolFixture fixture(2);
    fixture.open();
    PooledConnection held = fixture.pool.acquire();
    Queue queue(fixture.pool, Access::Write, 5);
    REQUIRE(queue.queued());
    held.release();
    held = fixture.pool.acquire(Access::Write, kPatience);
    queue.note(5);
    held.release();
    CHECK(queue.served() == inOrder(6));
  }

  TEST_CASE("a released handle belongs to the first waiter before that has even woken up") {
    PoolFixture fixture(2);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    for (int round = 0; round < 50; ++round) {
      PooledConnection held = pool.acquire();
      Gate done;
      std::jthread waiter([&] {
        const PooledConnection lease = pool.acquire(Access::Write, kPatience);
        done.pass();
      });
      REQUIRE(eventually([&] { return pool.metrics().pendingRequests == 1; }));
      held.release();
      CHECK_FALSE(pool.tryAcquire());
      CHECK(pool.leases().size() == 1);
      done.open();
    }
  }

  TEST_CASE("a waiter that gives up leaves the line in order") {
    PoolFixture fixture(2);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    PooledConnection held = pool.acquire();
    std::optional<ErrorCode> impatient;
    std::jthread first([&] { impatient = codeOf([&] { pool.acquire(Access::Write, 200ms); }); });
    REQUIRE(eventually([&] { return pool.metrics().pendingRequests == 1; }));
    Queue queue(pool, Access::Write, 4);
    first.join();
    CHECK(impatient == ErrorCode::PoolExhausted);
    CHECK(pool.metrics().pendingRequests == 4);
    held.release();
    CHECK(queue.served() == inOrder(4));
  }

  TEST_CASE("an acquire takes as long as its timeout and no longer") {
    PoolFixture fixture(2);
    fixture.config.acquireTimeout = 30ms;
    fixture.open();
    const PooledConnection held = fixture.pool.acquire();
    for (const auto& timeout : {std::optional<std::chrono::milliseconds>(), std::optional(60ms), std::optional(0ms)}) {
      std::optional<ErrorCode> code;
      const auto start = std::chrono::steady_clock::now();
      std::jthread([&] { code = codeOf([&] { fixture.pool.acquire(Access::Write, timeout); }); }).join();
      const auto took = std::chrono::steady_clock::now() - start;
      CHECK(code == ErrorCode::PoolExhausted);
      CHECK(took >= timeout.value_or(30ms));
      CHECK(took < kPatience);
    }
  }

  TEST_CASE("a negative timeout does not wait") {
    PoolFixture fixture(2);
    fixture.open();
    const PooledConnection held = fixture.pool.acquire();
    std::optional<ErrorCode> code;
    std::jthread([&] { code = codeOf([&] { fixture.pool.acquire(Access::Write, -5ms); }); }).join();
    CHECK(code == ErrorCode::PoolExhausted);
  }

  TEST_CASE("tryAcquire does not pass those who wait") {
    PoolFixture fixture(2);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    PooledConnection held = pool.acquire();
    Queue queue(pool, Access::Write, 3);
    REQUIRE(queue.queued());
    held.release();
    while (true) {  // Once it succeeds all three have been served.
      if (const auto lease = pool.tryAcquire()) {
        queue.note(3);
        break;
      }
      std::this_thread::yield();
    }
    CHECK(queue.served() == inOrder(4));
  }

  // The slot is free again, though without a handle: who waits for one must be told.
  TEST_CASE("a reader that waits while an idle handle is closed gets the slot at once") {
    bool once = false;  // Before the pool, which tells of its end, too.
    PoolFixture fixture(2);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    pool.query("SELECT 1");
    const Watchdog watchdog("a reader waits for a slot that is free");
    std::atomic<bool> served = false;
    std::jthread reader;
    pool.subscribe([&](const Event& event) {
      if (event.kind != EventKind::ConnectionDestroyed || std::exchange(once, true)) return;
      reader = std::jthread([&] { served = !codeOf([&] { pool.acquire(Access::Read, 30s); }); });
      CHECK(eventually([&] { return pool.metrics().pendingRequests == 1; }));
    });
    fixture.clock->advance(fixture.config.idleTimeout + 1s);
    pool.tick();
    CHECK(pool.metrics().connectionsIdledOut == 1);
    CHECK(eventually([&] { return served.load(); }, 5s));
  }

  TEST_CASE("a writer that waits while the handle breaks for good is told or served when it can be opened again") {
    PoolFixture fixture(2);
    fixture.open();
    ConnectionPool& pool = fixture.pool;
    const Watchdog watchdog("a writer waits for a slot that is free");
    PooledConnection held = pool.acquire();
    std::atomic<bool> ended = false;
    std::jthread writer([&] {
      codeOf([&] { pool.acquire(Access::Write, 30s); });
      ended = true;
    });
    REQUIRE(eventually([&] { return pool.metrics().pendingRequests == 1; }));
    {
      MovedAway away(fixture.config.database);
      held.discard();
      CHECK(pool.metrics().totalConnections == 0);
    }
    fixture.clock->advance(fixture.config.openRetryDelay * 64);
    CHECK(eventually([&] { return ended.load(); }, 5s));
    writer.join();
  }
}
