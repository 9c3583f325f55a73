#pragma once

#include <cstdint>

namespace holdfast {

/// Binary byte units, so that sizes read as they are meant: `4 * MiB`.
inline constexpr std::int64_t KiB = 1024;
inline constexpr std::int64_t MiB = 1024 * KiB;
inline constexpr std::int64_t GiB = 1024 * MiB;

}  // namespace holdfast
