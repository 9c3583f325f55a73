#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bench {

/// printf into a string.
[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

/// "512 B", "3.94 MiB".
std::string bytesText(double bytes);
/// "870 ns", "5.4 us", "12 ms", "1.5 s".
std::string durationText(std::chrono::nanoseconds duration);
/// A count a second: "870", "12.3 k", "1.25 M".
std::string rateText(double rate);

/// "4MiB", "512KiB", "1GiB", or bytes. Nothing where the text is something else.
std::optional<std::int64_t> parseSize(std::string_view text);
/// "250ms", "30s", "5min", "1h", or seconds. Nothing where the text is something else.
std::optional<std::chrono::milliseconds> parseDuration(std::string_view text);

}  // namespace bench
