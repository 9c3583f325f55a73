#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <holdfast/clock.hpp>

namespace holdfast {

/// What happened. The texts (toText) are the documents' event names: "initialized", "connectionCreated", ...
enum class EventKind : std::uint8_t {
  Initialized,          ///< open() has finished.
  ConnectionCreated,    ///< A handle was opened.
  ConnectionDestroyed,  ///< A handle was closed.
  ConnectionRenewed,    ///< An aged handle was replaced by a fresh one.
  ConnectionRecovered,  ///< A broken handle was replaced.
  OpenFailed,           ///< A handle could not be opened; the slot is tried again later.
  LeaseLeaked,          ///< A lease is held longer than leakThreshold.
  LeaseForced,          ///< A stuck lease was forced back.
  StateRestored,        ///< A lease came back with an open transaction, changed settings or temporary objects.
  MemoryPressure,       ///< The memory stage rose; the detail says what was released.
  MemoryNormal,         ///< The memory stage fell back to normal.
  Checkpoint,           ///< The write-ahead log was moved into the database.
  CheckpointBlocked,    ///< The log could not be shortened because of a reader.
  Closed,               ///< close() has finished.
  MemoryAction,         ///< One of the actions of a memory stage began, or was undone; the detail names it.
  BackupMade,           ///< A backup is there, verified and durable.
  BackupFailed,         ///< None could be made; the detail says why.
  DamageFound,          ///< A check found the file damaged, or could not read it; or it is open for reading only.
  DatabaseRecovered,    ///< The database was repaired or replaced, by open() or since; the detail says why and how.
  StorageChanged,       ///< The storage is in another state; the detail names both and says why.
  FlashOverBudget,      ///< More than flashDailyBudget was written today; once a day.
  Migrated,             ///< A migration was applied; the detail names it.
  MigrationUndone,      ///< What was on trial has been undone; the detail says where the replaced database is.
  MigrationConfirmed,   ///< What was on trial stays.
  CommitsMissing,       ///< open() found the database older than it was; the detail says by how many commits at least.
};

std::string_view toText(EventKind kind) noexcept;

struct Event {
  EventKind kind{};
  /// On the pool's clock.
  Clock::TimePoint time{};
  /// The handle it is about, counted from 1 over the life of the pool; 0: the pool as a whole.
  std::uint64_t connectionId = 0;
  /// Handles open after the event.
  std::size_t totalConnections = 0;
  /// One readable line. Never carries a bound value.
  std::string detail;
};

/// Names a subscription, for unsubscribe().
enum class SubscriptionId : std::uint64_t {};

}  // namespace holdfast
