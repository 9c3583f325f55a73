#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <holdfast/connection_config.hpp>
#include <holdfast/error.hpp>
#include <holdfast/transaction.hpp>

#include "core/port/parker.hpp"

namespace holdfast {

/// How a COMMIT went, for everybody who took part in it.
struct CommitResult {
  CommitOutcome outcome = CommitOutcome::Done;
  std::shared_ptr<const Error> error;  ///< Why, where it is not Done.
};

/// A transaction that has been carried out and waits for the COMMIT that it shares. On its thread's stack.
struct GroupMember {
  CommitResult result;  ///< Written before `ended`.
  std::atomic<bool> ended{false};
  port::Parker* thread = nullptr;
  std::chrono::steady_clock::time_point patience{};  ///< Then it commits itself.
};

/// The transactions that share the COMMIT under way. Used by the holder of the write handle.
///
/// The first begins it, the ones that waited meanwhile are carried out in it one after the other, each in a savepoint,
/// and the last one commits. It waits for company only where there was company lately, and no longer than half of what
/// a COMMIT has cost: where it waits in vain the credit is used up until transactions meet by themselves again.
class CommitGroup {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Bounds {
    std::size_t transactions = 64;
    std::int64_t bytes = 0;
    std::chrono::nanoseconds delay{};
  };

  /// A transaction begins, on its own so far.
  void begin(Durability durability, Time now, std::uint64_t payloadBytes, bool alone = false) noexcept;
  /// Another one takes part.
  void join(Durability durability) noexcept;
  /// One that took part is carried out and waits. Throws std::bad_alloc, and then nothing has changed.
  void reserve() {
    if (members_.size() == members_.capacity()) members_.reserve(std::max<std::size_t>(16, 2 * members_.size()));
  }
  void add(GroupMember& member) noexcept { members_.push_back(&member); }
  /// Takes those who wait, for telling them.
  std::vector<GroupMember*> takeMembers() noexcept { return std::exchange(members_, {}); }
  /// It is over, with so many transactions.
  void end(std::size_t transactions, std::chrono::nanoseconds commitTime) noexcept;

  /// Whether somebody waits for its COMMIT.
  bool empty() const noexcept { return members_.empty(); }
  std::size_t size() const noexcept { return members_.size(); }
  /// Nobody may join: its transaction was undone because of others before.
  bool isAlone() const noexcept { return alone_; }
  Durability durability() const noexcept { return durability_; }
  /// Whether one more may take part.
  bool hasRoom(const Bounds& bounds, Time now, std::uint64_t payloadBytes) const noexcept;

  /// Whether others are likely to come now.
  bool expectsCompany() const noexcept { return credit_ > 0 && members_.size() + 1 < previousSize_; }
  std::chrono::nanoseconds patience() const noexcept;
  void waitedInVain() noexcept { --credit_; }

 private:
  static constexpr int kCredit = 2;
  static constexpr std::chrono::microseconds kLongestPatience{200};

  std::vector<GroupMember*> members_;
  Durability durability_ = Durability::Full;
  Time beganAt_{};
  std::uint64_t payloadBefore_ = 0;
  std::size_t previousSize_ = 0;
  std::chrono::nanoseconds commitTime_{0};
  int credit_ = 0;
  bool alone_ = false;
};

}  // namespace holdfast
