#include "port/stand_in.hpp"

namespace firmware {

void GuessableRandom::fill(std::span<std::byte> bytes) noexcept {
  for (std::byte& byte : bytes) {
    // Marsaglia, Xorshift RNGs, 2003.
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    byte = static_cast<std::byte>(state_ >> 24);
  }
}

void spin(std::chrono::nanoseconds duration) noexcept {
  const auto end = std::chrono::steady_clock::now() + duration;
  while (std::chrono::steady_clock::now() < end) {
  }
}

}  // namespace firmware
