#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Durations and sizes as configuration files write them: a whole number and a unit, without a space. Unlike
// core/text.hpp, which rounds for the eye, nothing is lost in either direction.

namespace holdfast {

/// "250ms", "3s", "5min": in the largest unit that leaves a whole number. Zero is "0ms".
std::string writeDuration(std::chrono::milliseconds duration);
std::string writeDuration(std::chrono::microseconds duration);
/// Nothing where `text` is not a whole number with one of us, ms, s, min, h, or does not fit.
std::optional<std::chrono::microseconds> readDuration(std::string_view text);

/// "512KiB", "4MiB", "1GiB"; what is not a whole number of KiB is a bare number of bytes.
std::string writeSize(std::int64_t bytes);
/// Nothing where `text` is not a whole number with one of KiB, MiB, GiB, or does not fit.
std::optional<std::int64_t> readSize(std::string_view text);

}  // namespace holdfast
