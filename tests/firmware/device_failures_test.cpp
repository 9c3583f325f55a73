// A medium that fails at every single change of a transaction, for good or once: nothing acknowledged is lost, nothing is
// there in part.

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <holdfast/connection_pool.hpp>

#include "firmware/faulty_device.hpp"
#include "support/device_of_tests.hpp"
#include "support/pool_fixture.hpp"

using holdfast::DeviceResult;
using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::EventKind;
using holdfast::Transaction;
using holdfast::test::codeOf;
using holdfast::test::deviceOfTests;
using holdfast::test::FaultyDevice;
using holdfast::test::PoolFixture;
using namespace std::chrono_literals;

namespace {

/// The device goes last: handles are closed through it.
struct Faulty {
  /// 0: without a table.
  explicit Faulty(int rows = 20) {
    if (rows > 0) {
      pool.openWithRows(rows);
      pool.pool.run("CREATE INDEX names ON item(name)");
    } else {
      pool.open();
    }
  }
  Faulty(const Faulty&) = delete;
  Faulty& operator=(const Faulty&) = delete;
  ~Faulty() { CHECK(device.deletedOpenFiles() == 0); }

  /// The power goes and comes back: nothing of the handle's reaches the medium any more.
  void restart(std::uint32_t seed) {
    if (device.failed() == 0) device.failAfter(0);
    const auto ignored = codeOf([this] { pool.pool.close(); });
    static_cast<void>(ignored);
    REQUIRE_FALSE(device.hasOpenFiles());
    device.restart(seed);
    pool.open();
  }
  void renew() {
    pool.clock->advance(2h);
    pool.pool.tick();
  }

  FaultyDevice device{deviceOfTests()};
  PoolFixture pool;
};

bool isWhole(Faulty& f) { return f.pool.pool.queryValue<std::string>("PRAGMA integrity_check").value_or("") == "ok"; }

std::optional<ErrorCode> makeTable(Faulty& f) {
  return codeOf([&f] {
    f.pool.pool.transaction([](Transaction& tx) {
      tx.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT)");
      tx.run("CREATE INDEX names ON item(name)");
    });
  });
}

/// With its index, or without both; anything else fails the test.
bool hasTable(Faulty& f) {
  const auto objects = f.pool.pool.queryValue<std::int64_t>("SELECT count(*) FROM sqlite_schema").value_or(-1);
  CHECK((objects == 0 || objects == 2));
  return objects == 2;
}

/// Adds two rows and changes all of them.
std::optional<ErrorCode> change(Faulty& f) {
  return codeOf([&f] {
    f.pool.pool.transaction([](Transaction& tx) {
      tx.run("UPDATE item SET name = name || '!'");
      tx.run("INSERT INTO item(name) VALUES ('new'), ('newer')");
    });
  });
}

/// Whether all of it is there (true) or nothing of it; anything else fails the test.
bool isChanged(Faulty& f) {
  const auto changed =
      f.pool.pool.queryValue<std::int64_t>("SELECT count(*) FROM item WHERE name LIKE '%!'").value_or(-1);
  const std::int64_t rows = f.pool.rows();
  CHECK(((changed == 20 && rows == 22) || (changed == 0 && rows == 20)));
  CHECK(isWhole(f));
  return rows == 22;
}

}  // namespace

TEST_SUITE("firmware/device_failures") {
  TEST_CASE("power that goes at any change leaves all of a transaction or nothing, and all of what was acknowledged") {
    // What had not been synced is lost, kept, or left as chance has it.
    constexpr std::uint32_t kSeeds = 5;
    int cuts = 0;
    for (int changes = 0;; ++changes) {
      bool wasCut = false;
      for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
        Faulty f;
        f.device.failAfter(changes);
        const auto code = change(f);
        wasCut = f.device.failed() > 0;
        INFO("after " << changes << " changes, seed " << seed << ": " << holdfast::test::describe(code));
        f.restart(seed);
        const bool changed = isChanged(f);
        if (!code) CHECK(changed);
        if (code && *code != ErrorCode::OutcomeUnknown) CHECK_FALSE(changed);
        CHECK_FALSE(change(f));
      }
      if (!wasCut) break;
      ++cuts;
    }
    CHECK(cuts >= 10);
  }

  TEST_CASE("the first transaction of a database survives a power cut as well") {
    bool wasCut = true;
    for (int changes = 0; wasCut; ++changes) {
      for (std::uint32_t seed = 0; seed < 4; ++seed) {
        Faulty f(0);
        f.device.failAfter(changes);
        const auto code = makeTable(f);
        wasCut = f.device.failed() > 0;
        INFO("after " << changes << " changes, seed " << seed << ": " << holdfast::test::describe(code));
        f.restart(seed);
        if (!code) CHECK(hasTable(f));
        if (code && *code != ErrorCode::OutcomeUnknown) CHECK_FALSE(hasTable(f));
        if (!hasTable(f)) CHECK_FALSE(makeTable(f));
        CHECK(isWhole(f));
      }
    }
  }

  TEST_CASE("a medium whose syncs do nothing loses what was acknowledged") {
    Faulty f;
    f.device.loseSyncs();
    CHECK_FALSE(change(f));
    f.restart(0);
    CHECK_FALSE(isChanged(f));
  }

  TEST_CASE("changes that fail are an error that tells the truth, and the pool goes on") {
    for (const DeviceResult how : {DeviceResult::Failed, DeviceResult::Full, DeviceResult::NoMemory}) {
      // The second one meets what undoes the first.
      for (int failures = 1; failures <= 2; ++failures) {
        int failed = 0;
        for (int changes = 0;; ++changes) {
          Faulty f;
          f.device.failAfter(changes, failures, how);
          const auto code = change(f);
          const bool hasFailed = f.device.failed() > 0;
          f.device.work();
          INFO(failures << " from change " << changes << " on, by " << static_cast<int>(how) << ": "
                        << holdfast::test::describe(code));
          const bool changed = isChanged(f);
          if (!code) CHECK(changed);
          if (code && *code != ErrorCode::OutcomeUnknown) CHECK_FALSE(changed);
          CHECK_FALSE(change(f));
          if (!hasFailed) break;
          ++failed;
        }
        CHECK(failed >= 10);
      }
    }
  }

  TEST_CASE("changes of the first transaction of a database that fail leave a database that goes on") {
    // A handle that failed has the journal open, and the one in its place may delete it.
    bool hasFailed = true;
    for (int changes = 0; hasFailed; ++changes) {
      for (int failures = 1; failures <= 2; ++failures) {
        Faulty f(0);
        f.device.failAfter(changes, failures);
        const auto code = makeTable(f);
        hasFailed = f.device.failed() > 0;
        f.device.work();
        INFO(failures << " from change " << changes << " on: " << holdfast::test::describe(code));
        if (code && *code != ErrorCode::OutcomeUnknown) CHECK_FALSE(hasTable(f));
        if (!hasTable(f)) CHECK_FALSE(makeTable(f));
        CHECK(isWhole(f));
      }
    }
  }

  TEST_CASE("a handle is renewed on an empty database whose journal is there") {
    Faulty f(0);
    CHECK(codeOf([&f] {
            f.pool.pool.transaction([](Transaction& tx) {
              tx.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT)");
              throw Error(ErrorCode::InvalidArgument, "no");
            });
          }) == ErrorCode::InvalidArgument);
    f.renew();
    CHECK(f.pool.events->count(EventKind::ConnectionRenewed) == 1);
    CHECK_FALSE(makeTable(f));
    CHECK(isWhole(f));
  }

  TEST_CASE("a renewal that fails leaves a slot that is tried again, and not at once") {
    Faulty f;
    f.device.refuseToOpen();
    f.renew();
    CHECK(f.pool.events->count(EventKind::ConnectionRenewed) == 0);
    CHECK(f.pool.pool.metrics().totalConnections == 0);
    const std::size_t failures = f.pool.events->count(EventKind::OpenFailed);
    f.pool.pool.tick();  // It waits its time.
    CHECK(f.pool.events->count(EventKind::OpenFailed) == failures);
    f.device.work();
    f.pool.clock->advance(f.pool.config.openRetryDelay);
    CHECK_FALSE(isChanged(f));
    CHECK_FALSE(change(f));
    f.device.refuseToOpen();
    f.pool.clock->advance(2h);
    CHECK(change(f) == ErrorCode::CannotOpen);  // Renewed by who asks for it.
    f.device.work();
    f.pool.clock->advance(1min);
    f.pool.pool.tick();
    CHECK(f.pool.pool.metrics().totalConnections == 1);
    CHECK(isChanged(f));
  }

  TEST_CASE("where there is no memory for a handle a call ends by its timeout") {
    Faulty f(0);
    f.pool.pool.close();
    f.pool.config.propagateOpenError = false;
    f.pool.config.acquireTimeout = 5ms;
    f.pool.open();
    f.device.refuseToOpen(DeviceResult::NoMemory);
    f.renew();
    CHECK(makeTable(f) == ErrorCode::PoolExhausted);
    f.device.work();
    CHECK_FALSE(makeTable(f));
    CHECK(isWhole(f));
  }

  TEST_CASE("where the file cannot be read before COMMIT nothing is committed, and the error says why") {
    Faulty f;
    f.device.failRead(24, 4);  // The counter of commits.
    CHECK(change(f) == ErrorCode::IoError);
    CHECK_FALSE(isChanged(f));
    CHECK_FALSE(change(f));
    CHECK(isChanged(f));
  }

  TEST_CASE("a medium without room is StorageFull, and nothing is lost") {
    Faulty f;
    f.device.failAfter(3, FaultyDevice::kForEver, DeviceResult::Full);
    CHECK(change(f) == ErrorCode::StorageFull);
    f.device.work();
    CHECK_FALSE(isChanged(f));
    CHECK_FALSE(change(f));
    CHECK(isChanged(f));
  }

  TEST_CASE("a medium that cannot be written any more is told") {
    Faulty f;
    f.device.failAfter(0, FaultyDevice::kForEver, DeviceResult::ReadOnly);
    CHECK(change(f) == ErrorCode::ReadOnly);
    f.device.work();
    CHECK_FALSE(isChanged(f));
  }

  TEST_CASE("what the device has no memory for is MemoryLimit") {
    Faulty f;
    f.device.failAfter(0, FaultyDevice::kForEver, DeviceResult::NoMemory);
    CHECK(change(f) == ErrorCode::MemoryLimit);
    f.device.work();
    CHECK_FALSE(isChanged(f));
  }
}
