#include "policy/storage_states.hpp"

#include <algorithm>

#include <holdfast/units.hpp>

namespace holdfast {
namespace {

// What comes and goes at the limit would be an event each time.
std::int64_t withMargin(std::int64_t bytes) noexcept {
  constexpr std::int64_t kLeast = 64 * KiB;
  return bytes + std::max(kLeast, bytes / 8);
}

}  // namespace

StorageState StorageStates::state() const noexcept {
  if (damaged_) return StorageState::Damaged;
  return std::max(seen_, met_);
}

void StorageStates::look(const StorageFacts& facts) noexcept {
  shortage_ = Shortage::None;
  if (facts.gone) {
    seen_ = StorageState::Gone;
  } else if (facts.readOnly) {
    seen_ = StorageState::ReadOnly;
  } else {
    shortage_ = shortageOf(facts);
    seen_ = shortage_ != Shortage::None ? StorageState::Full : StorageState::Ok;
  }
  // Files that are there again are there: no write is needed to know.
  if (!facts.gone && met_ == StorageState::Gone) met_ = StorageState::Ok;
}

Shortage StorageStates::shortageOf(const StorageFacts& facts) const noexcept {
  const bool was = seen_ == StorageState::Full;
  const std::int64_t used = facts.usedBytes - facts.unusedBytes;
  if (limits_.quota > 0 && used >= (was ? limits_.quota - limits_.quota / 16 : limits_.quota)) return Shortage::Quota;
  if (facts.freeBytes < 0) return Shortage::None;
  const std::int64_t kept = limits_.reserve + (facts.ballastGivenUp ? limits_.ballast : 0);
  if (kept == 0) return Shortage::None;
  const std::int64_t room = facts.freeBytes + facts.unusedBytes;
  return room < (was ? withMargin(kept) : kept) ? Shortage::Reserve : Shortage::None;
}

void StorageStates::met(StorageState state) noexcept {
  if (state == StorageState::Damaged) {
    damaged_ = true;
  } else {
    met_ = state;
  }
}

void StorageStates::written() noexcept { met_ = StorageState::Ok; }

bool StorageStates::hasRoomForBallast(std::int64_t freeBytes) const noexcept {
  return limits_.ballast > 0 && freeBytes >= withMargin(limits_.reserve + limits_.ballast);
}

}  // namespace holdfast
