#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <holdfast/clock.hpp>

namespace holdfast {

/// The state of the snapshot that the idle write handle holds while reads are hot.
///
/// SQLite's unix files take a shared lock by a system call only where no handle of the process holds it already, so
/// that while one handle holds the newest snapshot the others begin and end their reads without one. It costs whoever
/// writes a few microseconds, and held still it would keep the log from being begun anew, of this process and of
/// others. So: the write handle drops it before anything else but a write is done with it, and each housekeeping round
/// does; after a write it is taken anew only where a read handle has made kHotReads since the write before, else by a reader after
/// kColdReads without a write; and while other processes write, or where kManyReaders leases are out, which hold the
/// lock for each other, not at all.
///
/// Writes that follow each other keep the snapshot too, though it grows old: a write begins by taking the lock and the
/// newest snapshot, which is four of its six system calls, unless its handle has one that nobody else has written since.
struct ReadAnchor {
  static constexpr std::uint32_t kHotReads = 24;
  static constexpr std::uint32_t kColdReads = 32;
  static constexpr std::size_t kManyReaders = 4;
  static constexpr std::chrono::minutes kRestAfterForeignWrite{1};

  std::atomic<bool> enabled{false};
  bool staysForWrites = false;
  std::atomic<bool> held{false};        ///< The newest snapshot, for the reads.
  std::atomic<bool> hot{false};         ///< A read handle has made kHotReads in this epoch.
  std::atomic<std::uint32_t> epoch{0};  ///< So many leases of the write handle have ended.

  // Of the owner of the write slot.
  std::uint64_t connectionId = 0;  ///< Whose data version it is.
  std::int64_t dataVersion = 0;
  std::uint64_t foreignCommits = 0;
  Clock::TimePoint restUntil{};
};

}  // namespace holdfast
