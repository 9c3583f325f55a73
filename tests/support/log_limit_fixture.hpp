#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "support/faulty_vfs.hpp"
#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

namespace holdfast::test {

inline constexpr std::int64_t kLimit = 192 * KiB;
/// What one of the writes below adds to the log at most.
inline constexpr std::int64_t kOneWrite = 32 * KiB;

/// A small log, and no patience: a write that finds no room says so at once.
struct SmallLog : FaultyVfs, PoolFixture {
  SmallLog() : PoolFixture(4) {
    config.checkpointPages = 16;
    config.walSizeLimit = kLimit;
    config.acquireTimeout = std::chrono::milliseconds{10};
    openWithRows(1);
  }
  void write() { pool.run("INSERT INTO item(name) VALUES (?)", std::string(8000, 'x')); }
  /// The error of the first write that fails: the log cannot grow for ever.
  std::optional<Error> writeUntilRefused() {
    for (int i = 0; i < 1000; ++i) {
      if (const std::optional<Error> error = errorOf([this] { write(); })) return error;
    }
    return std::nullopt;
  }
  std::int64_t logBytes() const {
    return static_cast<std::int64_t>(std::filesystem::file_size(config.database + "-wal"));
  }
  /// Nothing is left of what was refused, and the log is short again.
  void checkGoesOn() {
    const std::int64_t before = rows();
    for (int i = 0; i < 100; ++i) write();
    CHECK(rows() == before + 100);
    CHECK(logBytes() < kLimit + kOneWrite);
    CHECK(pool.leases().empty());
    CHECK(isSound());
  }
  Watchdog watchdog{"a full log is waited for"};
};

/// A reader that stays on the rows that it sees first.
struct OldReader {
  explicit OldReader(SmallLog& f) : tx(f.pool.acquire(Access::Read)), seen(count()) {}
  std::int64_t count() { return tx.queryValue<std::int64_t>("SELECT count(*) FROM item").value_or(-1); }
  ReadTransaction tx;
  const std::int64_t seen;
};

/// A write on a thread of its own, which waits for room.
class WaitingWrite {
 public:
  explicit WaitingWrite(std::function<void()> body)
      : thread_([this, body = std::move(body)] { code_ = codeOf(body); }) {}
  WaitingWrite(const WaitingWrite&) = delete;
  WaitingWrite& operator=(const WaitingWrite&) = delete;
  ~WaitingWrite() {
    if (thread_.joinable()) thread_.join();
  }
  std::optional<ErrorCode> result() {
    thread_.join();
    return code_;
  }

 private:
  std::optional<ErrorCode> code_;
  std::thread thread_;
};

/// The age of the oldest snapshot of a reader, as far as it was seen.
inline Clock::Duration snapshotAge(const ConnectionPool& pool) {
  Clock::Duration oldest{0};
  for (const LeaseInfo& lease : pool.leases()) {
    if (lease.access == Access::Read) oldest = std::max(oldest, lease.snapshotAge);
  }
  return oldest;
}

}  // namespace holdfast::test
