#pragma once

#include <cstdint>

#include <holdfast/storage_state.hpp>

namespace holdfast {

/// How much of the storage a database may take. In bytes; 0: no such limit.
struct StorageLimits {
  std::int64_t reserve = 0;  ///< Left free on the file system.
  std::int64_t quota = 0;    ///< For the database and its log.
  std::int64_t ballast = 0;  ///< A file that is given up when there is no room.
  bool any() const noexcept { return reserve > 0 || quota > 0 || ballast > 0; }
};

/// What a look at the storage found.
struct StorageFacts {
  bool gone = false;
  bool readOnly = false;
  std::int64_t freeBytes = -1;   ///< On the file system; -1: unknown.
  std::int64_t unusedBytes = 0;  ///< Within the database: pages that hold nothing.
  std::int64_t usedBytes = 0;    ///< Of the database and its log.
  bool ballastGivenUp = false;   ///< It is to come back.
};

/// Why there is no room.
enum class Shortage : std::uint8_t { None, Reserve, Quota };

/// Which state the storage is in, by what looks find and by what calls meet. What a look finds holds until another look
/// does not find it; what a call met, until a write has reached the medium; damage, until somebody says that it is
/// repaired.
class StorageStates {
 public:
  explicit StorageStates(const StorageLimits& limits = {}) noexcept : limits_(limits) {}

  StorageState state() const noexcept;
  /// What the last look found, which is a reason to refuse writes: what calls have met is not, or nobody would notice
  /// that it is over.
  StorageState seen() const noexcept { return seen_; }
  /// Why the look found it full.
  Shortage shortage() const noexcept { return shortage_; }
  const StorageLimits& limits() const noexcept { return limits_; }

  void look(const StorageFacts& facts) noexcept;
  /// A call met that.
  void met(StorageState state) noexcept;
  bool isDamaged() const noexcept { return damaged_; }
  /// A commit has reached the medium.
  void written() noexcept;
  void repaired() noexcept { damaged_ = false; }
  /// Whether only a write can tell that it is over.
  bool needsProof() const noexcept { return met_ != StorageState::Ok; }
  /// Whether there is room for the ballast to be laid out again.
  bool hasRoomForBallast(std::int64_t freeBytes) const noexcept;

 private:
  Shortage shortageOf(const StorageFacts& facts) const noexcept;

  StorageLimits limits_;
  StorageState seen_ = StorageState::Ok;
  StorageState met_ = StorageState::Ok;
  Shortage shortage_ = Shortage::None;
  bool damaged_ = false;
};

}  // namespace holdfast
