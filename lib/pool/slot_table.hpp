#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/connection.hpp>
#include <holdfast/place.hpp>

#include "policy/pool_policy.hpp"

namespace holdfast {

/// A set of slots, of which a pool has at most 64.
class SlotSet {
 public:
  constexpr SlotSet() noexcept = default;
  constexpr explicit SlotSet(std::uint64_t bits) noexcept : bits_(bits) {}
  static constexpr SlotSet firstN(std::size_t n) noexcept {
    return SlotSet(n >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1);
  }

  constexpr void insert(std::size_t slot) noexcept { bits_ |= bit(slot); }
  constexpr void erase(std::size_t slot) noexcept { bits_ &= ~bit(slot); }
  constexpr bool contains(std::size_t slot) const noexcept { return (bits_ & bit(slot)) != 0; }
  constexpr bool empty() const noexcept { return bits_ == 0; }
  constexpr std::size_t size() const noexcept { return static_cast<std::size_t>(std::popcount(bits_)); }
  /// The lowest slot; the set must not be empty.
  constexpr std::size_t first() const noexcept { return static_cast<std::size_t>(std::countr_zero(bits_)); }
  friend constexpr SlotSet operator&(SlotSet a, SlotSet b) noexcept { return SlotSet(a.bits_ & b.bits_); }
  friend constexpr SlotSet operator-(SlotSet a, SlotSet b) noexcept { return SlotSet(a.bits_ & ~b.bits_); }
  constexpr bool operator==(const SlotSet&) const noexcept = default;

 private:
  static constexpr std::uint64_t bit(std::size_t slot) noexcept { return std::uint64_t{1} << slot; }
  std::uint64_t bits_ = 0;
};

/// Who asks for a handle, or has one.
struct Holder {
  Place place;
  const Sql* statement = nullptr;  ///< For a lease of one statement; lives as long as the lease.
  std::uint64_t thread = 0;
};

/// One place of the pool: a handle, or the memory of one that could not be opened.
struct Slot {
  std::shared_ptr<Connection> connection;
  Clock::TimePoint renewAt{};
  Clock::TimePoint retryAt{};
  /// Until then the handle may be leased as it is: it has not reached its age, nor been idle for long.
  Clock::TimePoint freshUntil{};
  int openFailures = 0;
  std::string openError;  ///< Of the last failed open, until one succeeds.
  /// Of processMemory(), when the cache was last set.
  std::uint32_t sharesGeneration = 0;

  // Of the present lease.
  Holder holder;
  std::uint64_t leaseId = 0;
  Clock::TimePoint leasedAt{};
  bool leakReported = false;
  bool forced = false;
};

/// The fixed pool: its slots, which of them are in use, and when each was last used. Slot 0 is the write handle. Plain
/// data: the owner holds the lock.
class SlotTable {
 public:
  static constexpr std::size_t kWriter = 0;

  SlotTable() = default;
  explicit SlotTable(std::size_t poolSize) : slots_(poolSize), lastUsed_(poolSize) {}

  std::size_t size() const noexcept { return slots_.size(); }
  Slot& operator[](std::size_t slot) noexcept { return slots_[slot]; }
  const Slot& operator[](std::size_t slot) const noexcept { return slots_[slot]; }
  SlotSet all() const noexcept { return SlotSet::firstN(slots_.size()); }
  SlotSet inUse() const noexcept { return inUse_; }
  SlotSet open() const noexcept { return open_; }
  Clock::TimePoint lastUsed(std::size_t slot) const noexcept { return lastUsed_[slot]; }

  /// The slots that a kind of lease may use: the write handle, or the others; on a pool of one it is the same.
  SlotSet lane(Access access) const noexcept {
    SlotSet writer(1);
    return access == Access::Write || slots_.size() == 1 ? writer : all() - writer;
  }
  /// A free slot of the lane: `preferred` if it is one, else one with an open handle, else an empty one that may be
  /// tried at `now`.
  std::optional<std::size_t> pick(Access access, std::size_t preferred, Clock::TimePoint now) const noexcept {
    const SlotSet free = lane(access) - inUse_;
    const SlotSet ready = free & open_;
    if (preferred < slots_.size() && ready.contains(preferred)) return preferred;
    if (!ready.empty()) return ready.first();
    return pickEmpty(free, now);
  }

  void markInUse(std::size_t slot) noexcept { inUse_.insert(slot); }
  void markUsed(std::size_t slot, Clock::TimePoint now) noexcept { lastUsed_[slot] = now; }
  void markFree(std::size_t slot, Clock::TimePoint now) noexcept {
    inUse_.erase(slot);
    lastUsed_[slot] = now;
  }
  /// Puts a handle just opened into the slot.
  void setConnection(std::size_t slot, std::shared_ptr<Connection> connection, Clock::TimePoint now,
                     Clock::TimePoint renewAt) noexcept;
  std::shared_ptr<Connection> takeConnection(std::size_t slot) noexcept;

  SlotFacts facts(std::size_t slot) const noexcept;

 private:
  std::optional<std::size_t> pickEmpty(SlotSet free, Clock::TimePoint now) const noexcept;

  std::vector<Slot> slots_;
  SlotSet inUse_;
  SlotSet open_;
  std::vector<Clock::TimePoint> lastUsed_;
};

}  // namespace holdfast
