#include "connection/heavy_statements.hpp"

#include <new>

#include <sqlite3.h>

#include "connection/heap_wall.hpp"
#include "core/port/thread_local.hpp"
#include "core/steady_clock.hpp"
#include "policy/memory_budget.hpp"

namespace holdfast {
namespace {

HOLDFAST_THREAD_LOCAL int insideOfThisThread = 0;

/// Whether what is free below nine tenths of the limit has room for what one more collects, and merges.
bool hasRoomForOneMore() noexcept {
  const std::int64_t limit = sqlite3_hard_heap_limit64(-1);
  const std::int64_t used = sqlite3_memory_used() + sqlite_memory::heapBytesBeside();
  return limit > 0 && used + sortBytes(limit) / 4 * 5 <= limit / 10 * 9;
}

}  // namespace

HeavyStatements& HeavyStatements::instance() noexcept {
  // Never destroyed, statements of static pools may run after it would be; and not on the heap, which may be used up.
  alignas(HeavyStatements) static std::array<std::byte, sizeof(HeavyStatements)> storage;
  static HeavyStatements& statements = *new (storage.data()) HeavyStatements;
  return statements;
}

void HeavyStatements::setWidth(std::size_t width, void (*began)() noexcept) noexcept {
  const port::LockGuard guard(mutex_);
  began_ = began;
  width_.store(width, std::memory_order_relaxed);
  if (width == 0) lately_.store(false, std::memory_order_relaxed);
  changed_.notifyAll();
}

// The table is only a hint: two texts in one place push each other out, which costs a wait more or less.
void HeavyStatements::learn(std::uint64_t textHash) noexcept {
  if (!areBounded()) return;
  runsLeft_[textHash % kKnown].store(kRuns, std::memory_order_relaxed);
  known_[textHash % kKnown].store(textHash, std::memory_order_relaxed);
}

void HeavyStatements::spend(std::uint64_t textHash) noexcept {
  auto& left = runsLeft_[textHash % kKnown];
  const std::uint32_t before = left.load(std::memory_order_relaxed);
  if (before > 0) left.store(before - 1, std::memory_order_relaxed);
  if (before == 1) known_[textHash % kKnown].store(0, std::memory_order_relaxed);
}

void HeavyStatements::Permit::enter(std::uint64_t textHash, Time deadline, const StopToken& cancel) {
  if (entered_) return;
  spend(textHash);
  entered_ = true;
  if (insideOfThisThread++ > 0) return;
  HeavyStatements& all = instance();
  const auto wake = [&all] {
    const port::LockGuard guard(all.mutex_);
    all.changed_.notifyAll();
  };
  const StopCallback<decltype(wake)> wakeUp(cancel, wake);
  port::LockGuard guard(all.mutex_);
  bool waited = false;
  while (all.running_ >= width_.load(std::memory_order_relaxed) && areBounded() && !hasRoomForOneMore() &&
         !cancel.stop_requested() && SteadyClock::now() < deadline) {
    waited = true;
    all.changed_.waitUntil(guard, deadline);
  }
  ++all.running_;
  ++all.entered_;
  if (waited) ++all.waited_;
  void (*const began)() noexcept = all.began_;
  guard.unlock();
  if (lately_.exchange(true, std::memory_order_relaxed)) return;
  epoch_.fetch_add(1, std::memory_order_relaxed);
  if (began != nullptr) began();
}

void HeavyStatements::Permit::leave() noexcept {
  if (!entered_) return;
  entered_ = false;
  if (--insideOfThisThread > 0) return;
  HeavyStatements& all = instance();
  const port::LockGuard guard(all.mutex_);
  --all.running_;
  all.changed_.notifyOne();
}

bool HeavyStatements::calmDown() noexcept {
  if (!lately()) return false;
  const port::LockGuard guard(mutex_);
  const bool quiet = running_ == 0 && entered_ == enteredBefore_;
  enteredBefore_ = entered_;
  if (quiet) lately_.store(false, std::memory_order_relaxed);
  return quiet;
}

HeavyStatements::Figures HeavyStatements::figures() const {
  const port::LockGuard guard(mutex_);
  return {width_.load(std::memory_order_relaxed), running_, entered_, waited_};
}

}  // namespace holdfast
