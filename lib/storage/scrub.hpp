#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include <holdfast/clock.hpp>
#include <holdfast/connection.hpp>
#include <holdfast/error.hpp>

namespace holdfast {

/// Reads the database file a few pages at a time, from the first to the last and then again, to find what the medium has
/// lost while nobody asks for it. Where it stands is not kept: after open() it begins with the first page.
class Scrub {
 public:
  /// So much at most is read at once, however long ago the last time was: the write handle waits for it.
  static constexpr std::int64_t kMostBytesAtOnce = 64 * 1024;

  struct Finding {
    Error error;
    /// Nothing is in that page: no data is lost.
    bool unused = false;
  };

  void start(std::int64_t bytesPerMinute, Clock::TimePoint now) noexcept;
  /// Reads what is due by now, and tells of the first page that is bad. By the holder of the write handle, outside of a
  /// transaction. Throws Error where it cannot read at all.
  std::optional<Finding> step(Connection& writer, Clock::TimePoint now);

  // Since start(). Any thread.
  std::uint64_t pages() const noexcept { return pages_.load(std::memory_order_relaxed); }
  std::uint64_t rounds() const noexcept { return rounds_.load(std::memory_order_relaxed); }
  std::uint64_t findings() const noexcept { return findings_.load(std::memory_order_relaxed); }

 private:
  std::optional<std::int64_t> findSuspect(Connection& writer, std::int64_t pages);
  std::optional<Finding> confirm(Connection& writer, std::int64_t page);

  std::int64_t bytesPerMinute_ = 0;
  std::int64_t due_ = 0;
  std::int64_t next_ = 1;
  Clock::TimePoint last_{};
  std::atomic<std::uint64_t> pages_{0};
  std::atomic<std::uint64_t> rounds_{0};
  std::atomic<std::uint64_t> findings_{0};
};

}  // namespace holdfast
