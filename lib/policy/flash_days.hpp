#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <holdfast/flash_report.hpp>
#include <holdfast/platform.hpp>

namespace holdfast {

/// The days of the ledger, and how they are written down. Pure.
class FlashDays {
 public:
  static constexpr std::size_t kDays = kHasThreads ? 32 : 8;  // A small device has little room for them.
  static constexpr std::chrono::milliseconds kDay = std::chrono::hours{24};
  /// One written ledger fits into one page of flash.
  static constexpr std::size_t kRecordBytes = 4096;
  using Record = std::array<std::byte, kRecordBytes>;

  /// What was written in the time since the last call. It counts for the day that was present then.
  void add(const FlashFiles& writes, std::chrono::milliseconds time) noexcept;
  /// So many days have ended.
  std::uint64_t day() const noexcept { return day_; }
  const FlashFiles& total() const noexcept { return total_; }
  const FlashFiles& today() const noexcept { return days_[0]; }

  FlashReport report(std::int64_t endurance, std::int64_t dailyBudget) const;

  /// `number` tells which of two records is newer.
  void write(Record& record, std::uint64_t number) const noexcept;
  struct Read;
  /// Nothing where it is not a whole record.
  static std::optional<Read> read(std::span<const std::byte> record) noexcept;

 private:
  void beginDay() noexcept;

  FlashFiles total_;
  std::array<FlashFiles, kDays> days_{};
  std::size_t kept_ = 1;
  std::uint64_t day_ = 0;
  std::chrono::milliseconds dayTime_{0};
};

struct FlashDays::Read {
  FlashDays days;
  std::uint64_t number = 0;
};

FlashFiles operator+(const FlashFiles& left, const FlashFiles& right) noexcept;
/// What came since `before`, of counts that only grow.
FlashFiles operator-(const FlashFiles& now, const FlashFiles& before) noexcept;

}  // namespace holdfast
