#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <holdfast/repository.hpp>

#include "model.hpp"

namespace devices {

/// A summary of a device's readings.
struct ReadingFigures {
  std::int64_t count = 0;
  std::optional<double> least;  ///< Nothing where there are no readings.
  std::optional<double> average;
  std::optional<double> most;
};

class ReadingRepository : public holdfast::BaseRepository<Reading> {
 public:
  using BaseRepository::BaseRepository;

  /// A page of a device's readings, the newest first. `after`: the `next` of the page before.
  holdfast::Page<Reading> history(std::int64_t device, std::size_t size,
                                  const std::optional<std::string>& after = {}) const {
    return page({.after = after,
                 .size = size,
                 .where = holdfast::field(&Reading::deviceId) == device,
                 .orderBy = holdfast::descending(&Reading::takenAt)});
  }
  /// By one query, in the order of the devices' numbers. Devices without readings since then are left out.
  std::vector<std::pair<std::int64_t, ReadingFigures>> figures(holdfast::Timestamp since) const {
    std::vector<std::pair<std::int64_t, ReadingFigures>> result;
    const auto wanted = std::tuple(holdfast::countRows<Reading>(), holdfast::minimum(&Reading::value),
                                   holdfast::average(&Reading::value), holdfast::maximum(&Reading::value));
    const auto isRecent = holdfast::field(&Reading::takenAt) >= since;
    for (const auto& [device, figures] : aggregateBy(&Reading::deviceId, wanted, {.where = isRecent})) {
      const auto& [count, least, average, most] = figures;
      result.emplace_back(device, ReadingFigures{count, least, average, most});
    }
    return result;
  }
  /// In constant memory, however many there are. The order is that of time.
  template <typename F>
  void exportSince(holdfast::Timestamp since, F line) const {
    for (const Reading& reading : stream({.where = holdfast::field(&Reading::takenAt) >= since,
                                  .orderBy = {holdfast::ascending(&Reading::takenAt)}})) {
      line(reading);
    }
  }
};

}  // namespace devices
