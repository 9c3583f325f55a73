#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include <holdfast/clock.hpp>

namespace holdfast {

/// What a pool knows of its database's schema, as of open().
struct SchemaState {
  /// PRAGMA user_version, where the look at the header has told: then no statement has to ask. Most databases of programs
  /// without migrations have 0, and nothing more is asked about them.
  std::optional<std::int32_t> userVersion;
  /// A migration was undone that an earlier start had begun to undo.
  bool undoneBefore = false;
  /// Why this program must not write; empty where it may. Written while nothing else runs.
  std::string readOnlyBecause;
  /// A migration is on trial, and this start has not been healthy yet, ...
  std::atomic<bool> isOnTrial{false};
  /// ... which it is from then on.
  std::atomic<Clock::TimePoint> healthyAt{};

  void reset() noexcept {
    userVersion.reset();
    undoneBefore = false;
    readOnlyBecause.clear();
    isOnTrial = false;
  }
};

}  // namespace holdfast
