#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Readable texts for messages. None of them depends on the locale.

namespace holdfast {

/// "512 bytes", "3.1 MiB": one decimal, in the largest of KiB, MiB and GiB that leaves a number of at least 1.
std::string formatBytes(std::int64_t bytes);

/// "3174 KiB", rounded down: for figures that stand beside each other.
std::string inKibibytes(std::int64_t bytes);

/// "250 ns", "12.5 us", "1.25 s", "5 min": three digits, in the largest unit that leaves a number of at least 1.
std::string formatDuration(std::chrono::nanoseconds duration);

/// At most `limit` bytes of `text`, the last three of them "..." where something was cut off. Never cuts a UTF-8
/// character in two.
std::string shorten(std::string_view text, std::size_t limit);

/// A statement in one line of at most `limit` bytes that is safe to log: comments are left out, and each literal
/// (text, blob, number) is replaced by `?`. Names in double quotes, backquotes and brackets stay.
std::string shortenSql(std::string_view sql, std::size_t limit = 60);

}  // namespace holdfast
