// A medium that fails at every single change of a transaction, for good or once: nothing acknowledged is lost, nothing is
// there in part.

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include <holdfast/connection_pool.hpp>

#include "firmware/faulty_device.hpp"
#include "support/device_of_tests.hpp"
#include "support/pool_fixture.hpp"

using holdfast::DeviceResult;
using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::Transaction;
using holdfast::test::codeOf;
using holdfast::test::deviceOfTests;
using holdfast::test::FaultyDevice;
using holdfast::test::PoolFixture;

namespace {

/// The device goes last: handles are closed through it.
struct Faulty {
  Faulty() {
    pool.openWithRows(20);
    pool.pool.run("CREATE INDEX names ON item(name)");
  }
  FaultyDevice device{deviceOfTests()};
  PoolFixture pool;
};

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
  CHECK(f.pool.pool.queryValue<std::string>("PRAGMA integrity_check").value_or("") == "ok");
  return rows == 22;
}

}  // namespace

TEST_SUITE("firmware/device_failures") {
  TEST_CASE("power that goes at any change leaves all of a transaction or nothing, and all of what was acknowledged") {
    int cuts = 0;
    for (int changes = 0;; ++changes) {
      Faulty f;
      f.device.failAfter(changes);
      const auto code = change(f);
      const bool wasCut = f.device.failed() > 0;
      // From here on nothing of the handle's reaches the medium: it goes, and the device starts anew.
      const auto ignored = codeOf([&f] { f.pool.pool.close(); });
      static_cast<void>(ignored);
      f.device.work();
      f.pool.open();
      const bool changed = isChanged(f);
      INFO("after " << changes << " changes: " << holdfast::test::describe(code));
      if (!code) CHECK(changed);
      if (code && *code != ErrorCode::OutcomeUnknown) CHECK_FALSE(changed);
      if (!wasCut) break;
      ++cuts;
    }
    CHECK(cuts >= 10);
  }

  TEST_CASE("one change that fails is an error that tells the truth, and the pool goes on") {
    int failures = 0;
    for (int changes = 0;; ++changes) {
      Faulty f;
      f.device.failAfter(changes, 1);
      const auto code = change(f);
      const bool hasFailed = f.device.failed() > 0;
      f.device.work();
      INFO("change " << changes << ": " << holdfast::test::describe(code));
      const bool changed = isChanged(f);
      if (!code) CHECK(changed);
      if (code && *code != ErrorCode::OutcomeUnknown) CHECK_FALSE(changed);
      CHECK_FALSE(change(f));
      if (!hasFailed) break;
      ++failures;
    }
    CHECK(failures >= 10);
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
