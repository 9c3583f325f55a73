#include <deque>

#include <holdfast/connection_pool.hpp>
#include <holdfast/future.hpp>

#include "bench_transactions/row_writer.hpp"
#include "bench_transactions/table_of_rows.hpp"

namespace bench {

namespace {

using SteadyClock = std::chrono::steady_clock;

/// So many rows of one thread are under way at most.
constexpr std::size_t kWindow = 256;

struct Posted {
  holdfast::Future<holdfast::RunResult> result;
  SteadyClock::time_point since;
};

/// The rows of one thread that are not known to be durable, oldest first.
class Window {
 public:
  explicit Window(LatencyHistogram& latency) : latency_(latency) {}

  bool full() const noexcept { return rows_.size() >= kWindow; }
  bool empty() const noexcept { return rows_.empty(); }
  bool oldestReady() { return !rows_.empty() && rows_.front().result.ready(); }
  void add(Posted row) { rows_.push_back(std::move(row)); }
  /// Blocks until the oldest is durable.
  void finishOldest() {
    rows_.front().result.get();
    latency_.add(SteadyClock::now() - rows_.front().since);
    rows_.pop_front();
  }

 private:
  LatencyHistogram& latency_;
  std::deque<Posted> rows_;
};

class PoolPosts final : public RowWriter {
 public:
  explicit PoolPosts(const std::string& path) : pool_(writerConfig(path, holdfast::Durability::Full)) {
    growLog(pool_);
  }

  std::uint64_t write(std::size_t, const std::atomic<bool>& stop, LatencyHistogram& latency) override {
    Window window(latency);
    std::uint64_t done = 0;
    while (!stop.load(std::memory_order_relaxed)) {
      const auto now = SteadyClock::now();
      window.add({pool_.post(kInsertRow, kPayload), now});
      for (; window.full() || window.oldestReady(); ++done) window.finishOldest();
    }
    while (!window.empty()) window.finishOldest();
    return done;
  }

 private:
  holdfast::ConnectionPool pool_;
};

}  // namespace

std::unique_ptr<RowWriter> poolPosts(const std::string& path) { return std::make_unique<PoolPosts>(path); }

}  // namespace bench
