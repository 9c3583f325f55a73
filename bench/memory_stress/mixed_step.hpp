#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "memory_stress/database.hpp"
#include "memory_stress/worker.hpp"
#include "support/random.hpp"

namespace bench {

/// The operation of the mixed load that `choice`, 0 to 999, stands for: 78 % point reads, 10 % range scans, 10 %
/// durable updates, 1 % sorts and 1 % large rows, three of ten of them written.
constexpr Kind mixedKind(std::int64_t choice) noexcept {
  if (choice < 780) return Kind::Read;
  if (choice < 880) return Kind::RangeScan;
  if (choice < 980) return Kind::Update;
  if (choice < 990) return Kind::Sort;
  return choice < 997 ? Kind::LargeRead : Kind::LargeWrite;
}

/// Carries out single operations for one thread, of rows chosen evenly, and looks at what they give. `Side` does them:
/// read(kind, id), write(kind, payload, id).
template <typename Side>
class Operator {
 public:
  Operator(Side side, const Database& database, std::uint64_t seed)
      : side_(std::move(side)), rows_(database.rows), largeRows_(database.largeRows), random_(seed) {}

  Random& random() noexcept { return random_; }

  /// Nothing where the operation gave what it should.
  const char* perform(Kind kind) {
    const std::int64_t id = 1 + random_.below(kind == Kind::LargeRead || kind == Kind::LargeWrite ? largeRows_ : rows_);
    if (isWrite(kind)) {
      payload_.resize(kind == Kind::LargeWrite ? kLargeBytes : kPayloadBytes);
      payload_[0] = static_cast<std::byte>(random_.next());
      return side_.write(kind, payload_, id) == 1 ? nullptr : "a write that was acknowledged changed no row";
    }
    return wrong(kind, id, side_.read(kind, isWholeTable(kind) ? 1 : id));
  }

 private:
  const char* wrong(Kind kind, std::int64_t id, const Seen& seen) const {
    const std::int64_t ofRange = std::min(kRowsOfRange, rows_ - id + 1);
    switch (kind) {
      case Kind::Read: return seen.bytes == kPayloadBytes ? nullptr : "a point read found no row or a wrong one";
      case Kind::LargeRead: return seen.bytes == kLargeBytes ? nullptr : "a large row was not found or is cut";
      case Kind::RangeScan: return expect(seen, ofRange, "a range scan saw another number of rows than there are");
      case Kind::Sort: return expect(seen, ofRange, "a sort gave another number of rows than there are");
      case Kind::Join: return expect(seen, ofRange, "a join gave another number of rows than there are");
      case Kind::FullScan: return expect(seen, rows_, "a full scan saw another number of rows than there are");
      case Kind::Group: return seen.sum == rows_ ? nullptr : "groups count another number of rows than there are";
      default: return nullptr;
    }
  }
  static const char* expect(const Seen& seen, std::int64_t rows, const char* otherwise) {
    return seen.rows == rows ? nullptr : otherwise;
  }

  Side side_;
  std::int64_t rows_;
  std::int64_t largeRows_;
  Random random_;
  std::vector<std::byte> payload_;
};

/// The mixed load of one thread.
template <typename Side>
class MixedStep {
 public:
  MixedStep(Side side, Worker& worker, const Database& database, std::uint64_t seed)
      : operator_(std::move(side), database, seed), worker_(&worker) {}

  void operator()() { attempt(mixedKind(operator_.random().below(1000))); }
  void attempt(Kind kind) {
    const char* wrong = nullptr;
    worker_->attempt(kind, [&] { wrong = operator_.perform(kind); });
    if (wrong != nullptr) worker_->fail(wrong);
  }

 private:
  Operator<Side> operator_;
  Worker* worker_;
};

}  // namespace bench
