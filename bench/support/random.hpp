#pragma once

#include <cstdint>

namespace bench {

/// SplitMix64 (Steele, Lea, Flood 2014): the same sequence everywhere, a nanosecond a number.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  /// 0 to limit - 1; `limit` is far below 2^64, so that the modulo does not matter.
  std::int64_t below(std::int64_t limit) noexcept {
    return static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(limit));
  }

 private:
  std::uint64_t state_;
};

}  // namespace bench
