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
/// others. So: the write handle drops it before anything else is done with it, and each housekeeping round does; after
/// a write it is taken again only where a read handle has made kHotReads since the write before, else by a reader after
/// kColdReads without a write; and while other processes write, or where kManyReaders leases are out, which hold the
/// lock for each other, not at all.
struct ReadAnchor {
  static constexpr std::uint32_t kHotReads = 24;
  static constexpr std::uint32_t kColdReads = 32;
  static constexpr std::size_t kManyReaders = 4;
  static constexpr std::chrono::minutes kRestAfterForeignWrite{1};

  std::atomic<bool> enabled{false};
  std::atomic<bool> held{false};
  std::atomic<bool> hot{false};         ///< A read handle has made kHotReads in this epoch.
  std::atomic<std::uint32_t> epoch{0};  ///< So many leases of the write handle have ended.

  // Of the owner of the write slot.
  std::uint64_t connectionId = 0;  ///< Whose data version it is.
  std::int64_t dataVersion = 0;
  Clock::TimePoint restUntil{};
};

}  // namespace holdfast
