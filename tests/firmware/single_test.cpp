// What is different without threads.

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include <holdfast/connection_pool.hpp>
#include <holdfast/memory_signals.hpp>
#include <holdfast/stop_token.hpp>
#include <holdfast/uuid.hpp>

#include "core/port/files.hpp"
#include "core/port/memory_signals.hpp"
#include "core/port/mutex.hpp"
#include "core/port/parker.hpp"
#include "core/port/process.hpp"
#include "core/port/thread.hpp"
#include "support/pool_fixture.hpp"

using holdfast::Access;
using holdfast::ConnectionConfig;
using holdfast::Durability;
using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::EventKind;
using holdfast::HousekeepingMode;
using holdfast::StopSource;
using holdfast::StopToken;
using holdfast::Transaction;
using holdfast::test::codeOf;
using holdfast::test::contains;
using holdfast::test::errorOf;
using holdfast::test::PoolFixture;
using holdfast::test::RawSqlite;
using namespace std::chrono_literals;
namespace port = holdfast::port;

TEST_SUITE("firmware/single") {
  TEST_CASE("the defaults are one handle, and housekeeping by the application") {
    const ConnectionConfig config;
    CHECK(config.poolSize == 1);
    CHECK(config.housekeeping == HousekeepingMode::Manual);
    CHECK_FALSE(config.readAnchor);
  }

  TEST_CASE("what needs threads is refused with the field's name") {
    const auto refusal = [](auto change) {
      ConnectionConfig config;
      config.database = "x.db";
      change(config);
      const auto error = errorOf([&config] { config.validate(); });
      REQUIRE(error);
      CHECK(error->code() == ErrorCode::InvalidConfig);
      return std::string(error->what());
    };
    CHECK(contains(refusal([](ConnectionConfig& c) { c.poolSize = 2; }), "poolSize"));
    CHECK(contains(refusal([](ConnectionConfig& c) { c.housekeeping = HousekeepingMode::Thread; }), "tick()"));
    CHECK(contains(refusal([](ConnectionConfig& c) { c.readAnchor = true; }), "readAnchor"));
  }

  TEST_CASE("the journal is a rollback journal, and the open report says so") {
    PoolFixture f;
    CHECK(f.pool.open(f.config).journalMode == "persist");
    f.pool.run("CREATE TABLE t(x)");
    CHECK(port::fileFacts(f.config.database + "-journal").kind == port::FileKind::Regular);
    CHECK(port::fileFacts(f.config.database + "-wal").kind == port::FileKind::Missing);
    CHECK(port::fileFacts(f.config.database + "-shm").kind == port::FileKind::Missing);
  }

  TEST_CASE("Normal is carried out as Full: with a rollback journal it would risk the file") {
    PoolFixture f;
    f.config.durability = Durability::Normal;
    f.open();
    CHECK(f.pool.queryValue<std::int64_t>("PRAGMA synchronous") == 2);
    f.pool.run("CREATE TABLE t(x)");
    f.pool.transaction([](Transaction& tx) { tx.run("INSERT INTO t VALUES (1)"); }, {.durability = Durability::Full});
    f.pool.flush();
  }

  TEST_CASE("one handle reads and writes, and nests transactions") {
    PoolFixture f;
    f.openWithRows(3);
    f.pool.transaction([](Transaction& tx) {
      tx.run("INSERT INTO item(name) VALUES ('kept')");
      const auto code = codeOf([&tx] {
        tx.transaction([](Transaction& part) {
          part.run("INSERT INTO item(name) VALUES ('undone')");
          throw Error(ErrorCode::InvalidArgument, "no");
        });
      });
      CHECK(code == ErrorCode::InvalidArgument);
    });
    CHECK(f.rows() == 4);
    CHECK(f.isSound());
  }

  TEST_CASE("asking for the handle that one holds oneself is a mistake that is told at once") {
    PoolFixture f;
    f.openWithRows(1);
    const auto lease = f.pool.acquire(Access::Write);
    CHECK(codeOf([&f] { f.pool.acquire(Access::Write); }) == ErrorCode::Misuse);
    CHECK(codeOf([&f] { f.pool.acquire(Access::Read); }) == ErrorCode::Misuse);
    CHECK_FALSE(f.pool.tryAcquire(Access::Write));
    CHECK(codeOf([&f] { f.pool.close(); }) == ErrorCode::Misuse);
  }

  TEST_CASE("tick() renews aged handles and tells observers") {
    PoolFixture f;
    f.config.maxConnectionAge = 1min;
    f.openWithRows(1);
    int told = 0;
    const auto observation = f.pool.observe({"item"}, [&told] { ++told; });
    f.pool.run("INSERT INTO item(name) VALUES ('new')");
    CHECK(told == 0);
    f.pool.tick();
    CHECK(told == 1);
    f.clock->advance(2min);
    f.pool.tick();
    CHECK(f.events->count(EventKind::ConnectionRenewed) == 1);
    CHECK(f.rows() == 2);
  }

  TEST_CASE("a handle is closed before the one in its place is opened: there may be no memory for two") {
    PoolFixture f;
    f.openWithRows(1);
    f.events->clear();
    f.clock->advance(2h);
    f.pool.tick();
    CHECK(f.events->names() ==
          std::vector<std::string>{"connectionDestroyed", "connectionCreated", "connectionRenewed"});
    f.events->clear();
    f.pool.acquire(Access::Write).discard();
    CHECK(f.events->names() ==
          std::vector<std::string>{"connectionDestroyed", "connectionCreated", "connectionRecovered"});
    CHECK(f.pool.metrics().totalConnections == 1);
    CHECK(f.rows() == 1);
  }

  TEST_CASE("there is no log: a checkpoint is complete, and nothing is told of it") {
    PoolFixture f;
    f.openWithRows(10);
    const holdfast::CheckpointReport report = f.pool.checkpoint();
    CHECK(report.complete);
    CHECK_FALSE(report.truncated);
    CHECK(report.walPages == 0);
    CHECK(report.checkpointedPages == 0);
    CHECK(f.pool.metrics().checkpoints == 0);
    CHECK(f.pool.metrics().logsTruncated == 0);
    f.pool.close();
    CHECK(f.events->count(EventKind::Checkpoint) == 0);
    CHECK(f.events->count(EventKind::CheckpointBlocked) == 0);
  }

  TEST_CASE("that others write is no danger without a log, and no warning") {
    PoolFixture f;
    f.openWithRows(1);
    f.pool.tick();
    RawSqlite(f.config.database).run("PRAGMA journal_mode=PERSIST; INSERT INTO item(name) VALUES ('theirs')");
    f.pool.tick();
    CHECK(f.rows() == 2);
    CHECK_FALSE(f.logger->contains("another process writes this database"));
  }

  TEST_CASE("a program may have two databases, and one of them not twice") {
    PoolFixture one;
    PoolFixture two;
    one.openWithRows(1);
    two.openWithRows(2);
    CHECK(one.rows() == 1);
    CHECK(two.rows() == 2);
    CHECK(codeOf([&one] { holdfast::ConnectionPool again(one.config); }) == ErrorCode::Misuse);
    one.reopen();
    CHECK(one.rows() == 1);
  }

  TEST_CASE("a stop that was requested ends a statement, and a transaction before it begins") {
    PoolFixture f;
    f.openWithRows(100);
    StopSource source;
    const StopToken token = source.get_token();
    CHECK(token.stop_possible());
    CHECK_FALSE(token.stop_requested());
    CHECK_FALSE(StopToken().stop_possible());
    CHECK_FALSE(source.stop_requested());
    CHECK(source.request_stop());
    CHECK_FALSE(source.request_stop());
    CHECK(source.stop_requested());
    CHECK(token.stop_requested());
    CHECK(codeOf([&] { f.pool.with({.cancel = token}).query("SELECT count(*) FROM item a, item b, item c"); }) ==
          ErrorCode::Interrupted);
    CHECK(codeOf([&] { f.pool.transaction([](Transaction& tx) { tx.run("DELETE FROM item"); }, {.cancel = token}); }) ==
          ErrorCode::Interrupted);
    CHECK(f.rows() == 100);
  }

  TEST_CASE("a database survives being closed and opened") {
    PoolFixture f;
    f.openWithRows(50);
    f.reopen();
    CHECK(f.rows() == 50);
    f.pool.checkHealth();
    f.pool.checkpoint();
    CHECK(f.pool.metrics().totalConnections == 1);
    CHECK(f.isSound());
  }

  TEST_CASE("a file with garbage in it is no database, and is left alone") {
    PoolFixture f;
    f.openWithRows(1);
    f.pool.close();
    CHECK(codeOf([&f] {
            ConnectionConfig config = f.config;
            config.database = f.directory.file("none");
            config.createIfMissing = false;
            f.pool.open(config);
          }) == ErrorCode::CannotOpen);
  }

  TEST_CASE("a thread cannot be started, and waiting for one cannot end") {
    CHECK(codeOf([] { const port::Thread thread("worker", [] {}); }) == ErrorCode::Unsupported);
    const port::Thread none;
    CHECK_FALSE(none.running());
    CHECK_FALSE(none.isCurrent());
    port::Mutex mutex;
    port::Condition condition;
    port::LockGuard guard(mutex);
    CHECK(codeOf([&] { condition.wait(guard); }) == ErrorCode::Misuse);
    condition.notifyOne();
    condition.notifyAll();
    const auto deadline = std::chrono::steady_clock::now() + 2ms;
    CHECK_FALSE(condition.waitUntil(guard, deadline));
    CHECK(std::chrono::steady_clock::now() >= deadline);
    CHECK_FALSE(condition.waitUntil(guard, deadline));  // It has passed.
    guard.unlock();
    guard.lock();
    port::Parker& parker = port::Parker::ofThisThread();
    parker.prepare();
    parker.tell();
    parker.parkUntil(std::chrono::steady_clock::time_point::max());
    CHECK(&parker == &port::Parker::ofThisThread());
  }

  TEST_CASE("there is one thread, one process, and no system that tells of memory") {
    CHECK(port::currentThreadId() == port::currentThreadId());
    CHECK(port::forkGeneration() == 0);
    CHECK(port::readMemorySignals("").residentBytes == 0);
    const double first = port::randomUnit();
    const double second = port::randomUnit();
    CHECK((first >= 0 && first < 1 && second >= 0 && second < 1 && first != second));
    CHECK(holdfast::Uuid::make() != holdfast::Uuid::make());
  }
}
