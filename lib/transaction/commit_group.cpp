#include "transaction/commit_group.hpp"

#include <algorithm>

namespace holdfast {

void CommitGroup::begin(Durability durability, Time now, std::uint64_t payloadBytes, bool alone) noexcept {
  alone_ = alone;
  durability_ = durability;
  beganAt_ = now;
  payloadBefore_ = payloadBytes;
}

void CommitGroup::join(Durability durability) noexcept { durability_ = std::min(durability_, durability); }

bool CommitGroup::hasRoom(const Bounds& bounds, Time now, std::uint64_t payloadBytes) const noexcept {
  return !alone_ && members_.size() + 1 < bounds.transactions && now - beganAt_ < bounds.delay &&
         static_cast<std::int64_t>(payloadBytes - payloadBefore_) < bounds.bytes;
}

std::chrono::nanoseconds CommitGroup::patience() const noexcept {
  return std::min<std::chrono::nanoseconds>(kLongestPatience, commitTime_ / 2);
}

void CommitGroup::end(std::size_t transactions, std::chrono::nanoseconds commitTime) noexcept {
  previousSize_ = transactions;
  commitTime_ = commitTime_.count() == 0 ? commitTime : (commitTime_ * 7 + commitTime) / 8;
  if (transactions > 1) credit_ = kCredit;
}

}  // namespace holdfast
