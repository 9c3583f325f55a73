#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/units.hpp>

#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

const std::string kText(50 * KiB, 'x');

struct Posting : PoolFixture {
  explicit Posting(HousekeepingMode housekeeping) {
    config.memoryLimit = 1 * MiB;
    config.housekeeping = housekeeping;
    config.acquireTimeout = 20ms;
    config.postDelay = 1h;
    open();
    pool.run("CREATE TABLE note(text TEXT)");
  }
  Future<RunResult> post() { return pool.post("INSERT INTO note VALUES (?)", kText); }
  int rows() { return pool.queryValue<int>("SELECT count(*) FROM note").value_or(-1); }
};

}  // namespace

TEST_CASE("posted work waits within the memory limit") {
  Posting f(HousekeepingMode::Thread);
  std::vector<Future<RunResult>> futures;
  {
    const PooledConnection held = f.pool.acquire();
    futures.push_back(f.post());
    futures.push_back(f.post());
    const auto error = errorOf([&] { f.post(); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::PoolExhausted);
    CHECK(std::string(error->what()).find("2 pieces with") != std::string::npos);
    const std::int64_t bytes = f.pool.memory().postedBytes;
    CHECK(bytes > 100 * KiB);
    CHECK(bytes <= 128 * KiB);
  }
  CHECK(eventually([&] { return !codeOf([&] { futures.push_back(f.post()); }); }));
  f.pool.flush();
  CHECK(f.rows() == 3);
}

TEST_CASE("without a thread who posts more than fits writes what waits") {
  Posting f(HousekeepingMode::Manual);
  for (int i = 0; i < 9; ++i) f.post();
  CHECK(f.pool.memory().postedBytes <= 128 * KiB);
  CHECK(f.rows() >= 7);
  f.pool.flush();
  CHECK(f.rows() == 9);
}

TEST_CASE("what waits in all pools together is bounded") {
  Posting one(HousekeepingMode::Thread);
  Posting other(HousekeepingMode::Thread);
  const PooledConnection held = one.pool.acquire();
  const PooledConnection alsoHeld = other.pool.acquire();
  one.post();
  other.post();
  CHECK(codeOf([&] { one.post(); }) == ErrorCode::PoolExhausted);
  CHECK(codeOf([&] { other.post(); }) == ErrorCode::PoolExhausted);
  CHECK(one.pool.memory().allPostedBytes > 100 * KiB);
  CHECK(one.pool.memory().allPostedBytes <= 128 * KiB);
}

TEST_CASE("posted callables count with their size") {
  Posting f(HousekeepingMode::Thread);
  const PooledConnection held = f.pool.acquire();
  std::array<char, 1000> captured{};
  f.pool.post(
      [captured](Transaction& tx) { tx.run("INSERT INTO note VALUES (?)", std::string_view(captured.data())); });
  CHECK(f.pool.memory().postedBytes >= 1000);
}
