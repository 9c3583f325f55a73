#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "support/latency_histogram.hpp"

namespace bench {

/// One way for many threads to write single durable rows into a database of its own.
class RowWriter {
 public:
  virtual ~RowWriter() = default;

  /// Writes on one of the threads until `stop` is set and all that it has begun is durable. Gives the number of rows
  /// that were durable by the stop; adds for every row, late ones too, how long it took to become so.
  virtual std::uint64_t write(std::size_t thread, const std::atomic<bool>& stop, LatencyHistogram& latency) = 0;
};

/// A bare handle for each of the first `threads` threads; SQLite's busy handler lets them wait for each other.
std::unique_ptr<RowWriter> handleForEachThread(const std::string& path, std::size_t threads);
/// One bare handle behind a mutex.
std::unique_ptr<RowWriter> handleBehindMutex(const std::string& path);
/// A pool, each row a transaction that has returned.
std::unique_ptr<RowWriter> poolTransactions(const std::string& path);
/// A pool, rows posted; each thread has up to 256 of them under way.
std::unique_ptr<RowWriter> poolPosts(const std::string& path);

/// Calls `writeOne` until `stop` is set: RowWriter::write() for those who write one row after the other.
template <typename F>
std::uint64_t writeUntil(const std::atomic<bool>& stop, LatencyHistogram& latency, F writeOne) {
  using SteadyClock = std::chrono::steady_clock;
  std::uint64_t done = 0;
  auto start = SteadyClock::now();
  while (true) {
    writeOne();
    const auto now = SteadyClock::now();
    latency.add(now - start);
    if (stop.load(std::memory_order_relaxed)) return done;
    start = now;
    ++done;
  }
}

}  // namespace bench
