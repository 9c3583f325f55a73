// The year is 2040: this program's clock_gettime() and gettimeofday() take the place of the C library's.

#include <doctest/doctest.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <ctime>
#include <span>
#include <string>

#include <holdfast/clock.hpp>
#include <holdfast/uuid.hpp>

#include "support/pool_fixture.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

constexpr std::int64_t kSeconds = 2'208'988'800;  // 2040-01-01T00:00Z
std::atomic<int> askedForTime{0};

}  // namespace

extern "C" {

// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
int clock_gettime(clockid_t clock, timespec* now) noexcept {
  if (clock == CLOCK_REALTIME) {
    *now = {static_cast<std::time_t>(kSeconds), 250'000'000};
    return 0;
  }
#if defined(SYS_clock_gettime64)
  std::array<std::int64_t, 2> read{};
  const long result = ::syscall(SYS_clock_gettime64, clock, read.data());
  now->tv_sec = static_cast<std::time_t>(read[0]);
  now->tv_nsec = static_cast<long>(read[1]);
  return static_cast<int>(result);
#else
  return static_cast<int>(::syscall(SYS_clock_gettime, clock, now));
#endif
}

int gettimeofday(timeval* now, void* /*zone*/) noexcept {
  ++askedForTime;
  *now = {static_cast<std::time_t>(kSeconds), 250'000};
  return 0;
}

}  // extern "C"

TEST_SUITE("integration/after_2038") {
  TEST_CASE("the time of day is that of 2040") {
    using namespace std::chrono;
    CHECK(wallTime() == Timestamp(seconds(kSeconds) + milliseconds(250)));
  }

  TEST_CASE("a UUID carries the time of 2040") {
    const Uuid uuid = Uuid::make();
    std::uint64_t time = 0;
    for (const std::byte byte : std::span(uuid.bytes).first(6)) time = time << 8 | static_cast<std::uint64_t>(byte);
    CHECK(time == kSeconds * 1000 + 250);
  }

  TEST_CASE("SQLite's 'now' is that of 2040") {
    PoolFixture f;
    f.open();
    const auto now = f.pool.queryValue<std::string>("SELECT datetime('now')");
#if !defined(HOLDFAST_BUNDLED_SQLITE)
    // A packaged SQLite of a 32-bit system asks for a time of 32 bits.
    if (sizeof(long) == 4 && askedForTime == 0) return;
#endif
    CHECK(askedForTime > 0);
    CHECK(now == "2040-01-01 00:00:00");
  }

  TEST_CASE("a pool works as ever: rows with times are stored and read back") {
    PoolFixture f;
    f.config.clock = nullptr;
    f.open();
    f.pool.run("CREATE TABLE t(at INTEGER)");
    f.pool.run("INSERT INTO t VALUES (?)", wallTime().time_since_epoch().count());
    CHECK(f.pool.queryValue<std::int64_t>("SELECT at FROM t") == kSeconds * 1000 + 250);
    CHECK(f.pool.queryValue<std::int64_t>("SELECT count(*) FROM t WHERE at > unixepoch('2038-01-20') * 1000") == 1);
  }
}
