#include "pool/slot_table.hpp"

#include <utility>

namespace holdfast {

std::optional<std::size_t> SlotTable::pickEmpty(SlotSet free, Clock::TimePoint now) const noexcept {
  for (SlotSet empty = free - open_; !empty.empty(); empty.erase(empty.first())) {
    if (now >= slots_[empty.first()].retryAt) return empty.first();
  }
  return std::nullopt;
}

void SlotTable::setConnection(std::size_t slot, std::shared_ptr<Connection> connection, Clock::TimePoint now,
                              Clock::TimePoint renewAt) noexcept {
  Slot& entry = slots_[slot];
  if (entry.connection == nullptr) lastUsed_[slot] = now;  // A replaced one has been idle as long as its predecessor.
  entry.connection = std::move(connection);
  entry.renewAt = renewAt;
  entry.openFailures = 0;
  entry.openError.clear();
  open_.insert(slot);
}

std::shared_ptr<Connection> SlotTable::takeConnection(std::size_t slot) noexcept {
  open_.erase(slot);
  return std::exchange(slots_[slot].connection, nullptr);
}

SlotFacts SlotTable::facts(std::size_t slot) const noexcept {
  const Slot& entry = slots_[slot];
  SlotFacts facts;
  facts.state = inUse_.contains(slot) ? SlotState::Leased : open_.contains(slot) ? SlotState::Idle : SlotState::Empty;
  facts.isWriter = slot == kWriter;
  facts.renewAt = entry.renewAt;
  facts.lastUsed = lastUsed_[slot];
  facts.leasedAt = entry.leasedAt;
  facts.retryAt = entry.retryAt;
  facts.leakReported = entry.leakReported;
  facts.forced = entry.forced;
  return facts;
}

}  // namespace holdfast
