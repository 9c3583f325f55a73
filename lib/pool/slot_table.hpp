#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <holdfast/connection.hpp>
#include <holdfast/place.hpp>

#include "metrics/counter.hpp"
#include "policy/pool_policy.hpp"

namespace holdfast {

/// A set of slots.
class SlotSet {
 public:
  constexpr SlotSet() noexcept = default;
  constexpr explicit SlotSet(std::uint64_t bits) noexcept : bits_(bits) {}
  static constexpr SlotSet firstN(std::size_t n) noexcept {
    return SlotSet(n >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1);
  }
  static constexpr SlotSet of(std::size_t slot) noexcept { return SlotSet(std::uint64_t{1} << slot); }

  constexpr void insert(std::size_t slot) noexcept { bits_ |= of(slot).bits_; }
  constexpr void erase(std::size_t slot) noexcept { bits_ &= ~of(slot).bits_; }
  constexpr bool contains(std::size_t slot) const noexcept { return (bits_ & of(slot).bits_) != 0; }
  constexpr bool empty() const noexcept { return bits_ == 0; }
  constexpr std::size_t size() const noexcept { return static_cast<std::size_t>(std::popcount(bits_)); }
  constexpr std::uint64_t bits() const noexcept { return bits_; }
  /// The lowest slot; the set must not be empty.
  constexpr std::size_t first() const noexcept { return static_cast<std::size_t>(std::countr_zero(bits_)); }
  friend constexpr SlotSet operator&(SlotSet a, SlotSet b) noexcept { return SlotSet(a.bits_ & b.bits_); }
  friend constexpr SlotSet operator-(SlotSet a, SlotSet b) noexcept { return SlotSet(a.bits_ & ~b.bits_); }
  constexpr bool operator==(const SlotSet&) const noexcept = default;

 private:
  std::uint64_t bits_ = 0;
};

/// Who asks for a handle, or has one.
struct Holder {
  Place place;
  /// For a lease of one statement: its text, ending with a zero, living as long as the lease.
  const char* statement = nullptr;
  bool statementIsLiteral = true;  ///< It lives for ever.
  std::uint64_t thread = 0;
};

/// A lease as others may see it while its holder begins and ends it: a record that is read whole or not at all, by the
/// id before and after (a sequence lock). The text of a statement that is no literal may only be read while the lease
/// cannot end: the pool ends such a lease under its lock.
class LeaseRecord {
 public:
  struct Snapshot {
    std::uint64_t id = 0;  ///< 0: not leased, or work of the pool's own.
    Holder holder;
    Clock::TimePoint since{};
  };

  /// By the slot's owner.
  void begin(std::uint64_t id, const Holder& holder, Clock::TimePoint now) noexcept;
  void end() noexcept { id_.store(0, std::memory_order_release); }
  bool endsUnderLock() const noexcept { return transientText_; }
  std::uint64_t id() const noexcept { return id_.load(std::memory_order_acquire); }
  std::uint64_t thread() const noexcept { return thread_.load(std::memory_order_acquire); }
  /// By anybody.
  Snapshot read() const noexcept;

 private:
  std::atomic<std::uint64_t> id_{0};
  std::atomic<std::uint64_t> thread_{0};
  std::atomic<const char*> file_{""};
  std::atomic<const char*> function_{""};
  std::atomic<int> line_{0};
  std::atomic<const char*> statement_{nullptr};
  std::atomic<Clock::TimePoint::rep> since_{0};
  bool transientText_ = false;  // The owner's.
};

/// One place of the pool: a handle, or the memory of one that could not be opened. Lines of their own: neighbours
/// belong to other threads.
struct alignas(64) Slot {
  // Written by the slot's owner under the pool's lock, read by others under it.
  std::shared_ptr<Connection> connection;
  Clock::TimePoint renewAt{};
  Clock::TimePoint retryAt{};
  int openFailures = 0;
  std::string openError;           ///< Of the last failed open, until one succeeds.
  std::uint64_t leakReported = 0;  ///< The lease that was reported last.
  std::uint64_t forced = 0;        ///< The lease that was forced back last.
  std::uint64_t seenSnapshot = 0;  ///< The number of the snapshot that was looked at last, ...
  Clock::TimePoint seenSince{};    ///< ... and when it was first seen. Under the lock.

  // The owner's alone.
  /// Until then the handle may be leased as it is: it has not reached its age, nor been idle for long.
  Clock::TimePoint freshUntil{};
  std::uint32_t sharesGeneration = 0;  ///< Of processMemory(), when the cache was last set.
  std::uint64_t leases = 0;            ///< So many so far: makes their ids.
  std::uint32_t readsEpoch = 0;        ///< Of the read anchor, when `reads` was last zero.
  std::uint32_t reads = 0;

  // The owner writes, anybody reads.
  LeaseRecord lease;
  OwnedCounter acquires;
  std::atomic<Clock::TimePoint::rep> lastUsed{0};
  // Bytes of the heap. What the handle held when it was last looked at, ...
  std::atomic<std::int64_t> pageBytes{0};
  std::atomic<std::int64_t> schemaBytes{0};
  std::atomic<std::int64_t> statementBytes{0};
  std::atomic<std::int64_t> cacheBytes{0};  ///< ... and what its pages may take; 0: no handle.

  // Housekeeping's.
  std::atomic<std::int64_t> cacheTarget{0};  ///< What they should be allowed to take; 0: an even share.
  std::uint64_t acquiresSeen = 0;
};

/// The fixed pool: its slots, which of them are in use, and when each was last used. Slot 0 is the write handle.
///
/// `inUse` is one word together with the flags that send callers the long way, over the pool's lock: taking and freeing
/// a slot is a single exchange of that word where no flag is up, and whoever raises a flag has seen all slots taken in
/// the same exchange. So a slot is never freed past a waiter, and freeing it is the last thing that touches the pool.
class SlotTable {
 public:
  static constexpr std::size_t kWriter = 0;
  static constexpr std::size_t kMaxSlots = 60;
  enum Flag : std::uint64_t {
    kNoFlag = 0,
    kClosed = std::uint64_t{1} << 60,
    kWritersWait = std::uint64_t{1} << 61,
    kReadersWait = std::uint64_t{1} << 62,
    kLongWay = std::uint64_t{1} << 63,  ///< Who takes a slot is to be looked at.
  };
  using Slots = std::unique_ptr<Slot[]>;

  SlotTable() = default;
  /// One that is not closed.
  explicit SlotTable(std::size_t poolSize) {
    adopt(makeSlots(poolSize), poolSize);
    lower(kClosed);
  }

  static Slots makeSlots(std::size_t poolSize) { return std::make_unique<Slot[]>(poolSize); }
  /// Replaces all slots. Only while closed, and while none is in use.
  void adopt(Slots slots, std::size_t poolSize) noexcept;

  std::size_t size() const noexcept { return all().size(); }
  Slot& operator[](std::size_t slot) noexcept { return slots_[slot]; }
  const Slot& operator[](std::size_t slot) const noexcept { return slots_[slot]; }
  SlotSet all() const noexcept { return SlotSet(all_.load(std::memory_order_relaxed)); }
  SlotSet inUse() const noexcept { return SlotSet(word_.load(std::memory_order_acquire)) & all(); }
  /// Slots with a handle. Changed by the owner of a slot.
  SlotSet open() const noexcept { return SlotSet(open_.load(std::memory_order_relaxed)); }
  Clock::TimePoint lastUsed(std::size_t slot) const noexcept {
    return Clock::TimePoint(Clock::Duration(slots_[slot].lastUsed.load(std::memory_order_relaxed)));
  }
  bool has(Flag flag) const noexcept { return (word_.load(std::memory_order_acquire) & flag) != 0; }

  /// The slots that a kind of lease may use: the write handle, or the others; on a pool of one it is the same.
  SlotSet lane(Access access) const noexcept {
    const SlotSet every = all();
    const SlotSet writer = SlotSet::of(kWriter);
    return access == Access::Write || every == writer ? writer : every - writer;
  }
  /// The flag that is up while somebody waits for a slot of that lane.
  Flag waitingFor(Access access) const noexcept {
    return access == Access::Write || all() == SlotSet::of(kWriter) ? kWritersWait : kReadersWait;
  }
  Flag waitingForSlot(std::size_t slot) const noexcept {
    return waitingFor(slot == kWriter ? Access::Write : Access::Read);
  }

  /// Takes a free slot of the lane that has a handle, `preferred` if it is one. Nothing where there is none, the pool
  /// is closed, or somebody waits for one.
  std::optional<std::size_t> tryTakeReady(Access access, std::size_t preferred) noexcept {
    return tryTakeAny(access, preferred, kClosed | kLongWay | waitingFor(access));
  }
  /// The same for the first in line. With `mayOpen` also takes an empty slot that may be tried at `now`. Under the
  /// pool's lock.
  std::optional<std::size_t> tryTakeInTurn(Access access, std::size_t preferred, Clock::TimePoint now,
                                           bool mayOpen = true) noexcept;
  /// Takes this slot if it is free and the pool is not closed.
  bool tryTake(std::size_t slot) noexcept;
  /// Frees a slot, unless one of `obstacles` is up.
  bool tryFree(std::size_t slot, std::uint64_t obstacles) noexcept;
  void free(std::size_t slot) noexcept { tryFree(slot, kNoFlag); }
  /// Raises the flag of a lane, unless one of its slots with a handle is free. Under the pool's lock.
  bool raiseUnlessFree(Access access) noexcept;
  void raise(Flag flag) noexcept { word_.fetch_or(flag, std::memory_order_acq_rel); }
  void lower(Flag flag) noexcept { word_.fetch_and(~std::uint64_t{flag}, std::memory_order_acq_rel); }

  void markUsed(std::size_t slot, Clock::TimePoint now) noexcept {
    slots_[slot].lastUsed.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  }
  /// Puts a handle just opened into the slot.
  void setConnection(std::size_t slot, std::shared_ptr<Connection> connection, Clock::TimePoint now,
                     Clock::TimePoint renewAt) noexcept;
  std::shared_ptr<Connection> takeConnection(std::size_t slot) noexcept;

  SlotFacts facts(std::size_t slot) const noexcept;

 private:
  std::optional<std::size_t> tryTakeAny(Access access, std::size_t preferred, std::uint64_t obstacles) noexcept;

  Slots slots_;
  alignas(64) std::atomic<std::uint64_t> word_{kClosed};
  std::atomic<std::uint64_t> all_{0};
  std::atomic<std::uint64_t> open_{0};
};

// Every lease begins and ends with these.

inline void LeaseRecord::begin(std::uint64_t id, const Holder& holder, Clock::TimePoint now) noexcept {
  // Each store releases the end of the lease before: who reads one of them reads no older id than 0.
  thread_.store(holder.thread, std::memory_order_release);
  file_.store(holder.place.file, std::memory_order_release);
  function_.store(holder.place.function, std::memory_order_release);
  line_.store(holder.place.line, std::memory_order_release);
  statement_.store(holder.statement, std::memory_order_release);
  since_.store(now.time_since_epoch().count(), std::memory_order_release);
  transientText_ = !holder.statementIsLiteral;
  id_.store(id, std::memory_order_release);
}

inline std::optional<std::size_t> SlotTable::tryTakeAny(Access access, std::size_t preferred,
                                                        std::uint64_t obstacles) noexcept {
  std::uint64_t word = word_.load(std::memory_order_acquire);
  while ((word & obstacles) == 0) {
    const SlotSet ready = (lane(access) & open()) - SlotSet(word);
    if (ready.empty()) return std::nullopt;
    const std::size_t slot = preferred < kMaxSlots && ready.contains(preferred) ? preferred : ready.first();
    if (word_.compare_exchange_weak(word, word | SlotSet::of(slot).bits(), std::memory_order_acq_rel,
                                    std::memory_order_acquire)) {
      return slot;
    }
  }
  return std::nullopt;
}

inline bool SlotTable::tryFree(std::size_t slot, std::uint64_t obstacles) noexcept {
  std::uint64_t word = word_.load(std::memory_order_relaxed);
  while ((word & obstacles) == 0) {
    if (word_.compare_exchange_weak(word, word & ~SlotSet::of(slot).bits(), std::memory_order_acq_rel,
                                    std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

}  // namespace holdfast
