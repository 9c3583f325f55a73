#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace firmware {

// What stands in for hardware that every real board has. Not to be taken over into a product.

/// For a generator of random numbers. Anybody can guess what it gives: keys and tokens need the board's own source.
class GuessableRandom {
 public:
  void stir(std::uint32_t seed) noexcept {
    state_ ^= seed;
    if (state_ == 0) state_ = 1;  // It would stay 0.
  }
  void fill(std::span<std::byte> bytes) noexcept;

 private:
  std::uint32_t state_ = 2463534242;
};

/// For sleeping until a timer interrupts: asks the clock until the time has passed.
void spin(std::chrono::nanoseconds duration) noexcept;

}  // namespace firmware
