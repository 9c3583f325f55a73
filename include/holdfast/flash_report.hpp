#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/json_fwd.hpp>

namespace holdfast {

/// What was written to one kind of file, as SQLite gave it to the system. The medium writes more: file systems add their
/// own records, and flash whole pages and erase blocks.
struct FlashWrites {
  std::uint64_t bytes = 0;
  std::uint64_t syncs = 0;
};

/// By kind of file. The shared index of the log (-shm) is memory and not counted.
struct FlashFiles {
  FlashWrites database;
  FlashWrites log;      ///< The write-ahead log.
  FlashWrites journal;  ///< Rollback journals.
  FlashWrites other;    ///< Temporary files of SQLite, and the ledger itself.

  std::uint64_t bytes() const noexcept { return database.bytes + log.bytes + journal.bytes + other.bytes; }
  std::uint64_t syncs() const noexcept { return database.syncs + log.syncs + journal.syncs + other.syncs; }
};

/// The ledger of writes: since it was begun, or since open() where it is not kept (flashLedger).
///
/// A day is 24 hours of running, counted over restarts on the steady clock. The time of day is not asked: devices boot in
/// 1970. While a device is off it writes nothing, and its days stand still.
struct FlashReport {
  FlashFiles total;
  /// The present day first, then the ones before; at most 32, without threads 8.
  std::vector<FlashFiles> days;
  std::chrono::milliseconds runningTime{0};  ///< In all.
  std::chrono::milliseconds dayTime{0};      ///< So much of the present day is over.
  /// On average of the days above; 0 in the first hour.
  std::uint64_t bytesPerDay = 0;
  std::int64_t dailyBudget = 0;  ///< flashDailyBudget.
  bool overBudget = false;       ///< Today has passed it.
  std::int64_t endurance = 0;    ///< flashEndurance.
  double enduranceUsed = 0;      ///< total of endurance: 1 is all.
  /// Days of running until the endurance is used up, at bytesPerDay. Nothing where either is not known.
  std::optional<double> daysLeft;
  /// Why the ledger is not on the medium as it should be. Empty where it is, and where it is not kept.
  std::string problem;
};

Json toJson(const FlashReport& report);

}  // namespace holdfast
