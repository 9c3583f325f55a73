#pragma once

#include <cstdint>

namespace holdfast::port {

inline constexpr std::uint64_t kGamma = 0x9E3779B97F4A7C15;  // An odd number near 2^64 / golden ratio.

/// SplitMix64's output function (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
constexpr std::uint64_t mixed(std::uint64_t z) noexcept {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

/// In [0, 1), of as many bits as a double holds.
constexpr double unitOf(std::uint64_t bits) noexcept { return static_cast<double>(bits >> 11) * 0x1.0p-53; }

}  // namespace holdfast::port
