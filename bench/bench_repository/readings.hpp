#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench_repository/reading.hpp"
#include "support/bare_sqlite.hpp"

namespace bench {

/// Page cache of every handle.
inline constexpr std::int64_t kCacheBytes = 8 * 1024 * 1024;

/// The value of a row as it was made. Quarters, so that sums are exact in any order.
constexpr double valueOf(std::int64_t number) { return static_cast<double>(number % 1000) * 0.25; }
/// The reading that is number so-and-so, from 1; every second one has a note. Its id is still to be found.
Reading makeReading(std::int64_t number);
std::vector<Reading> makeReadings(std::int64_t count);

/// Makes a database with the table, ids 1 to `rows`.
void makeReadingTable(const std::string& path, std::int64_t rows);

/// What is in the file. For checking a contestant's work from outside.
struct Contents {
  std::int64_t rows = 0;
  double sum = 0;
  bool operator==(const Contents&) const = default;
};
Contents contentsOf(const std::string& path);
/// Throws std::runtime_error naming the contestant where they differ.
void requireContents(const char* contestant, const std::string& path, const Contents& wanted);

BareSettings readingSettings(bool syncCommits);

}  // namespace bench
