#include <algorithm>
#include <vector>

#include "memory_stress/mixed_step.hpp"
#include "memory_stress/scenarios.hpp"

namespace bench {

namespace {

using holdfast::ConnectionPool;
using holdfast::ErrorCode;
using holdfast::Transaction;

constexpr std::int64_t kLargestBody = 4 * holdfast::MiB;
constexpr std::int64_t kLeastBody = 4 * holdfast::KiB;
constexpr std::int64_t kBodiesOfThread = 4;

/// Bodies of one thread: those up to a 32nd of the budget must always work, as all threads together fit then; of
/// larger ones any number may be refused for want of memory, clearly and without harm.
class LargeStep {
 public:
  LargeStep(std::shared_ptr<ConnectionPool> pool, Worker& worker, std::int64_t limit, std::uint64_t seed,
            std::size_t number)
      : pool_(std::move(pool)),
        worker_(&worker),
        sure_(std::max(limit / 32, kLeastBody)),
        most_(std::min(limit / 4, kLargestBody)),
        first_(static_cast<std::int64_t>(number) * kBodiesOfThread),
        random_(seed + number) {}

  void operator()() {
    const std::int64_t slot = random_.below(kBodiesOfThread);
    if (!isWritten(slot) || random_.below(3) == 0) return write(slot);
    read(slot);
  }

 private:
  bool isWritten(std::int64_t slot) const { return written_[static_cast<std::size_t>(slot)] > 0; }
  static bool isRefusal(const std::exception& error) {
    const auto* ours = dynamic_cast<const holdfast::Error*>(&error);
    return ours != nullptr && ours->code() == ErrorCode::MemoryLimit;
  }
  template <typename F>
  bool attempt(Kind kind, std::int64_t bytes, F&& operation) {
    return worker_->attemptOr(
        kind, [&](const std::exception& error) { return bytes > sure_ && isRefusal(error); }, operation);
  }

  /// A size between two powers of two as likely as any other.
  std::int64_t anySize() {
    std::int64_t size = kLeastBody + random_.below(kLeastBody);
    while (size * 2 <= most_ && random_.below(8) != 0) size *= 2;
    return std::min(size, most_);
  }

  void write(std::int64_t slot) {
    const std::int64_t bytes = anySize();
    body_.assign(static_cast<std::size_t>(bytes), static_cast<std::byte>(bytes));
    const bool done = attempt(Kind::HugeWrite, bytes, [&] {
      pool_->transaction([&](Transaction& tx) {
        tx.run("INSERT INTO huge (id, body) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body = ?2", first_ + slot,
               body_);
        tx.run("UPDATE large SET version = version + 1 WHERE id = 1");  // Counted in the end.
      });
    });
    if (done) written_[static_cast<std::size_t>(slot)] = bytes;
  }

  void read(std::int64_t slot) {
    const std::int64_t expected = written_[static_cast<std::size_t>(slot)];
    std::int64_t found = 0;
    const bool done = attempt(Kind::HugeRead, expected, [&] {
      pool_->forEach(
          "SELECT body FROM huge WHERE id = ?",
          [&](const holdfast::RowView& row) {
            const auto body = row.get<holdfast::BlobView>(0);
            const bool same = body.front() == static_cast<std::byte>(body.size()) && body.back() == body.front();
            if (same) found = static_cast<std::int64_t>(body.size());
          },
          first_ + slot);
    });
    if (done && found != expected) worker_->fail("a huge row is not as it was written last");
  }

  std::shared_ptr<ConnectionPool> pool_;
  Worker* worker_;
  std::int64_t sure_;
  std::int64_t most_;
  std::int64_t first_;
  Random random_;
  std::vector<std::byte> body_;
  std::array<std::int64_t, kBodiesOfThread> written_{};
};

}  // namespace

Scenario largeRows(const Setting& setting) {
  Scenario scenario;
  const Options& options = setting.options;
  scenario.pool = std::make_shared<ConnectionPool>(stressConfig(options));
  scenario.pool->run("DELETE FROM huge");
  auto make = [pool = scenario.pool, limit = options.limit, seed = options.seed](
                  Worker& worker, std::size_t number) -> Step { return LargeStep(pool, worker, limit, seed, number); };
  scenario.roles = {{options.threads, make}};
  return scenario;
}

}  // namespace bench
