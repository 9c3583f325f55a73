#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace holdfast::test {

struct BitFlipOptions {
  std::uint64_t flips = 500;
  std::uint64_t seed = 1;
  bool checksums = true;
  std::string directory = {};  ///< Scratch files; empty: the system's.
  /// Told now and then how many have been tried.
  std::function<void(std::uint64_t flips)> progress = {};
};

/// What became of databases of which one bit was changed.
struct BitFlipReport {
  std::uint64_t flips = 0;
  std::uint64_t reported = 0;  ///< Opening or reading failed, with Error{Corrupt} or {NotADatabase}.
  std::uint64_t harmless = 0;  ///< Everything was read as it was.
  std::uint64_t cutLogs = 0;   ///< The end of a log that had to be recovered was left out, whole transactions of it.
  std::uint64_t wrong = 0;     ///< Something else was read, and nothing said.
  std::uint64_t misnamed = 0;  ///< Another error.
  std::string first;           ///< What was wrong first: which bit.
  bool ok() const noexcept { return wrong == 0 && misnamed == 0 && flips > 0; }
};

/// Changes one bit of a database, three times of four in its file and else in its log, opens it and reads all of it. The
/// same database each time, made by the library: rows with an index, long values, a table without rowids, unused pages.
BitFlipReport runBitFlips(const BitFlipOptions& options);

}  // namespace holdfast::test
