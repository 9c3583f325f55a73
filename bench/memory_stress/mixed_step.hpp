#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "memory_stress/database.hpp"
#include "memory_stress/worker.hpp"
#include "support/random.hpp"

namespace bench {

// The statements of the mixed load, the same for both sides.
inline constexpr char kPointRead[] = "SELECT value, payload FROM record WHERE id = ?";
// More pages than the share of a handle, and than the default cache of a bare one.
inline constexpr char kRangeScan[] = "SELECT id, value, payload FROM record WHERE id >= ? ORDER BY id LIMIT 2000";
inline constexpr char kUpdate[] = "UPDATE record SET version = version + 1, payload = ? WHERE id = ?";

/// The mixed load of one thread: 80 % point reads, 10 % range scans, 10 % durable updates, of rows chosen evenly.
/// `Side` does them: pointRead(id) and rangeScan(id) give the bytes read, update(id, payload) commits.
template <typename Side>
class MixedStep {
 public:
  MixedStep(Side side, Worker& worker, std::int64_t rows, std::uint64_t seed)
      : side_(std::move(side)), worker_(&worker), rows_(rows), random_(seed) {}

  void operator()() {
    const std::int64_t choice = random_.below(100);
    const std::int64_t id = 1 + random_.below(rows_);
    if (choice < 80) {
      std::size_t bytes = 0;
      if (worker_->attempt(Kind::Read, [&] { bytes = side_.pointRead(id); }) && bytes != kPayloadBytes) {
        worker_->fail("a point read found no row, or a wrong one");
      }
    } else if (choice < 90) {
      std::size_t bytes = 0;
      if (worker_->attempt(Kind::RangeScan, [&] { bytes = side_.rangeScan(id); }) && bytes < kPayloadBytes) {
        worker_->fail("a range scan found nothing");
      }
    } else {
      payload_[0] = static_cast<std::byte>(random_.next());
      worker_->attempt(Kind::Update, [&] { side_.update(id, payload_); });
    }
  }

 private:
  Side side_;
  Worker* worker_;
  std::int64_t rows_;
  Random random_;
  std::array<std::byte, kPayloadBytes> payload_{};
};

}  // namespace bench
