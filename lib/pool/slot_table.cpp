#include "pool/slot_table.hpp"

#include <utility>

namespace holdfast {

LeaseRecord::Snapshot LeaseRecord::read() const noexcept {
  Snapshot result;
  const std::uint64_t id = id_.load(std::memory_order_acquire);
  if (id == 0) return result;
  result.holder.thread = thread_.load(std::memory_order_acquire);
  result.holder.place = {file_.load(std::memory_order_acquire), line_.load(std::memory_order_acquire),
                         function_.load(std::memory_order_acquire)};
  result.holder.statement = statement_.load(std::memory_order_acquire);
  result.since = Clock::TimePoint(Clock::Duration(since_.load(std::memory_order_acquire)));
  if (id_.load(std::memory_order_acquire) == id) result.id = id;
  return result;
}

void SlotTable::adopt(Slots slots, std::size_t poolSize) noexcept {
  slots_ = std::move(slots);
  open_.store(0, std::memory_order_relaxed);
  all_.store(SlotSet::firstN(poolSize).bits(), std::memory_order_relaxed);
  word_.store(kClosed, std::memory_order_release);
}

std::optional<std::size_t> SlotTable::tryTakeInTurn(Access access, std::size_t preferred, Clock::TimePoint now,
                                                    bool mayOpen) noexcept {
  if (const auto slot = tryTakeAny(access, preferred, kClosed)) return slot;
  if (!mayOpen) return std::nullopt;
  for (SlotSet empty = (lane(access) - open()) - inUse(); !empty.empty(); empty.erase(empty.first())) {
    if (now >= slots_[empty.first()].retryAt && tryTake(empty.first())) return empty.first();
  }
  return std::nullopt;
}

bool SlotTable::tryTake(std::size_t slot) noexcept {
  const std::uint64_t bit = SlotSet::of(slot).bits();
  std::uint64_t word = word_.load(std::memory_order_acquire);
  while ((word & (bit | kClosed)) == 0 && all().contains(slot)) {
    if (word_.compare_exchange_weak(word, word | bit, std::memory_order_acq_rel, std::memory_order_acquire)) {
      return true;
    }
  }
  return false;
}

bool SlotTable::raiseUnlessFree(Access access) noexcept {
  const std::uint64_t flag = waitingFor(access);
  std::uint64_t word = word_.load(std::memory_order_acquire);
  while (((lane(access) & open()) - SlotSet(word)).empty()) {
    if (word_.compare_exchange_weak(word, word | flag, std::memory_order_acq_rel, std::memory_order_acquire)) {
      return true;
    }
  }
  return false;
}

void SlotTable::setConnection(std::size_t slot, std::shared_ptr<Connection> connection, Clock::TimePoint now,
                              Clock::TimePoint renewAt) noexcept {
  Slot& entry = slots_[slot];
  if (entry.connection == nullptr) markUsed(slot, now);  // A replaced one has been idle as long as its predecessor.
  entry.connection = std::move(connection);
  entry.renewAt = renewAt;
  entry.openFailures = 0;
  entry.openError.clear();
  open_.fetch_or(SlotSet::of(slot).bits(), std::memory_order_acq_rel);
}

std::shared_ptr<Connection> SlotTable::takeConnection(std::size_t slot) noexcept {
  open_.fetch_and(~SlotSet::of(slot).bits(), std::memory_order_acq_rel);
  return std::exchange(slots_[slot].connection, nullptr);
}

SlotFacts SlotTable::facts(std::size_t slot) const noexcept {
  const Slot& entry = slots_[slot];
  const LeaseRecord::Snapshot lease = entry.lease.read();
  SlotFacts facts;
  facts.state = inUse().contains(slot) ? SlotState::Leased : open().contains(slot) ? SlotState::Idle : SlotState::Empty;
  facts.isWriter = slot == kWriter;
  facts.renewAt = entry.renewAt;
  facts.lastUsed = lastUsed(slot);
  facts.leasedAt = lease.since;
  facts.retryAt = entry.retryAt;
  facts.leakReported = entry.leakReported == lease.id;
  facts.forced = entry.forced == lease.id;
  return facts;
}

}  // namespace holdfast
