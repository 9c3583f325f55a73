// What met the memory limit beside others, again with more room: first after a relief and with leave to be heavy, then
// with the pool to itself, last on the one handle that is left. Only what has left no trace is run again: a read that
// has delivered no row yet, a statement or transaction that SQLite has undone as a whole.

#include <algorithm>

#include "core/port/process.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {

bool ConnectionPool::Core::holdsLease(std::uint64_t thread) const noexcept {
  for (SlotSet rest = table.inUse(); !rest.empty(); rest.erase(rest.first())) {
    const LeaseRecord& lease = table[rest.first()].lease;
    if (lease.id() != 0 && lease.thread() == thread) return true;
  }
  return false;
}

bool ConnectionPool::Core::barOthers(SteadyTime deadline) {
  const std::uint64_t self = port::currentThreadId();
  port::LockGuard guard(mutex);
  if (holdsLease(self)) return false;
  while ((aloneThread != 0 || servedFirst > 0) && state == State::Open) {
    if (!aloneChanged.waitUntil(guard, deadline) && SteadyClock::now() >= deadline) return false;
  }
  if (state != State::Open) return false;
  aloneThread = self;
  table.raise(SlotTable::kLongWay);
  return true;
}

bool ConnectionPool::Core::beginAlone(SteadyTime deadline) {
  if (!barOthers(deadline)) return false;
  port::LockGuard guard(mutex);
  while (!table.inUse().empty() && state == State::Open) {
    if (aloneChanged.waitUntil(guard, deadline) || SteadyClock::now() < deadline) continue;
    guard.unlock();
    endAlone();
    return false;
  }
  return true;
}

void ConnectionPool::Core::endAlone() noexcept {
  const port::LockGuard guard(mutex);
  aloneThread = 0;
  if (!workersRefused) table.lower(SlotTable::kLongWay);
  servedFirst = readWaiters.size() + writeWaiters.size();
  // The first takes what is free now, and wakes the next.
  wakeFirst(readWaiters);
  wakeFirst(writeWaiters);
  aloneChanged.notifyAll();
}

void ConnectionPool::Core::clearForOne(bool closeReaders) noexcept {
  constexpr std::chrono::milliseconds kLookAgain{1};
  counters.reliefs.add();
  hub->shrinkCaches(true);
  for (std::size_t slot = 0; slot < table.size(); ++slot) {
    // Another thread's relief may look after it just now.
    bool taken = takeForMaintenance(slot);
    for (; !taken && isOpen(); taken = takeForMaintenance(slot)) {
      port::LockGuard guard(mutex);
      aloneChanged.waitUntil(guard, SteadyClock::now() + kLookAgain);
    }
    if (!taken) return;
    if (table[slot].connection != nullptr) {
      if (closeReaders && slot != SlotTable::kWriter) {
        cleanupIdleConnection(slot);
      } else {
        table[slot].connection->impl().releaseMemory();
      }
    }
    endLease(slot);
  }
}

ConnectionPool::Core::Alone::Alone(Core& core, SteadyTime deadline, bool closeReaders)
    : core_(core), held_(core.beginAlone(deadline)) {
  if (!held_) return;
  reserve_.emplace();
  core.counters.alone.add();
  core.clearForOne(closeReaders);
}

ConnectionPool::Core::Alone::~Alone() {
  if (held_) core_.endAlone();
}

CallOptions ConnectionPool::Core::restOf(const CallOptions& options, SteadyTime start) {
  CallOptions rest = options;
  if (options.timeout) rest.timeout = detail::timeLeft(start, *options.timeout);
  return rest;
}

SteadyTime ConnectionPool::Core::heavyDeadline(const CallOptions& options) const {
  // Alarms and commands do not wait for reports.
  if (options.priority == Priority::Control) return SteadyTime::min();
  return SteadyClock::now() +
         std::min<std::chrono::milliseconds>(options.timeout.value_or(config.acquireTimeout), kLongestWait);
}

void ConnectionPool::Core::readWithRoom(const Sql& sql, const Holder& holder, const CallOptions& options,
                                        const bool& started, const ReadBody& body) {
  const SteadyTime start = SteadyClock::now();
  const SteadyTime deadline = heavyDeadline({.timeout = options.timeout});
  const auto foundNone = [&](auto attempt) {
    try {
      attempt();
      return false;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::MemoryLimit || started) throw;
      return true;
    }
  };
  relieveMemory(MemoryStage::Critical, false);
  const bool again = foundNone([&] {
    HeavyStatements::Permit permit;
    permit.enter(sql.hash(), heavyDeadline(options), options.cancel);
    body(*acquireToRead(holder, restOf(options, start)));
  });
  if (!again) return;
  const bool onceMore = foundNone([&] {
    const Alone room(*this, deadline, false);
    body(*acquireToRead(holder, restOf(options, start)));
  });
  if (!onceMore) return;
  const Alone room(*this, deadline, true);
  if (!room) return body(*acquireToRead(holder, restOf(options, start)));
  // The last handle that is open, as if there had never been another one.
  PooledConnection lease = acquire({.timeout = restOf(options, start).timeout, .holder = holder});
  Slot& writer = table[SlotTable::kWriter];
  lease->impl().leasedFor = Access::Read;
  lease->impl().setCacheBytes(std::min(lease->impl().profile.cacheBytes, kLeastCacheBytes));
  writer.cacheBytes.store(lease->impl().profile.cacheBytes, std::memory_order_relaxed);
  --writer.sharesGeneration;  // It takes up its share again when it is leased next.
  lease->impl().setLimits(
      {.lockDeadline = deadline, .deadline = options.timeout ? deadline : SteadyTime::max(), .cancel = options.cancel});
  body(*lease);
}

}  // namespace holdfast
