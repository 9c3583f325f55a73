// The line of those who wait for a handle: joining it, being served, being told that it is in vain.

#include <algorithm>
#include <utility>

#include "core/text.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {
WaitQueue& ConnectionPool::Core::waitersOf(Access access) noexcept {
  return table.waitingFor(access) == SlotTable::kWritersWait ? writeWaiters : readWaiters;
}

void ConnectionPool::Core::leaveQueue(Access access, Waiter& waiter, bool served) noexcept {
  WaitQueue& queue = waitersOf(access);
  queue.remove(waiter, served);
  if (servedFirst > 0 && --servedFirst == 0) aloneChanged.notifyAll();
  if (queue.empty()) table.lower(table.waitingFor(access));
}

void ConnectionPool::Core::refuseSelfDeadlock(Access access, const Holder& holder) const {
  const SlotSet lane = table.lane(access);
  for (SlotSet rest = lane; !rest.empty(); rest.erase(rest.first())) {
    const LeaseRecord& lease = table[rest.first()].lease;
    if (lease.id() == 0 || lease.thread() != holder.thread) return;
  }
  const Place place = table[lane.first()].lease.read().holder.place;  // Of this thread's own lease: it stays.
  throw Error(ErrorCode::Misuse, "this thread waits for the " + std::string(toText(access)) +
                                     " handle that it holds itself, taken by " + place.function + " at " + place.file +
                                     ":" + std::to_string(place.line) +
                                     "; inside a transaction use the transaction object");
}

std::size_t ConnectionPool::Core::waitForSlot(const Wish& wish, std::size_t preferred, SteadyTime deadline) {
  const Access access = wish.access;
  Waiter self;
  self.holder = wish.holder;
  self.priority = wish.priority;
  self.mayJoin = wish.mayJoin;
  self.thread = &port::Parker::ofThisThread();
  const StopToken cancel = wish.cancel != nullptr ? *wish.cancel : StopToken();
  const auto wake = [&self] { self.thread->tell(); };
  const StopCallback<decltype(wake)> wakeUp(cancel, wake);
  port::LockGuard guard(mutex);
  requireOpen();
  WaitQueue& queue = waitersOf(access);
  self.nested = holdsLease(wish.holder.thread);
  if (queue.empty() && !isBarred(self)) {
    if (const auto slot = table.tryTakeInTurn(access, preferred, clock->now(), mayOpen(access))) {
      beginLease(*slot, wish.holder, clock->now());
      return *slot;
    }
  }
  if (SteadyClock::now() >= deadline) return kNoSlot;
  refuseSelfDeadlock(access, wish.holder);
  queue.push(self);
  ++acquireWaits;
  if (access == Access::Read) ++readWaits;
  const SteadyTime since = SteadyClock::now();
  while (true) {
    self.thread->prepare();  // Before anything is looked at: what is told from here on is not lost.
    if (self.granted.load(std::memory_order_acquire) != Waiter::kNone || self.rejected) break;
    // A slot that could not be opened becomes usable again by time alone: the first in line looks for it.
    std::optional<std::size_t> slot;
    const bool barred = isBarred(self);
    const bool first = aloneThread == 0 ? queue.front() == &self : !barred;
    if (first) slot = table.tryTakeInTurn(access, preferred, clock->now(), mayOpen(access) || growFor(since));
    const SteadyTime now = SteadyClock::now();
    const bool cancelled = cancel.stop_requested();
    if (slot || now >= deadline || cancelled) {
      leaveQueue(access, self, slot.has_value());
      wakeFirst(queue);  // It may have to look after an empty slot now.
      if (slot) beginLease(*slot, wish.holder, clock->now());
      if (slot) return *slot;
      if (cancelled) throw Error(ErrorCode::Interrupted, "cancelled by its stop token while waiting for a handle");
      return kNoSlot;
    }
    if (!first) {
      table.raise(table.waitingFor(access));
    } else if (!table.raiseUnlessFree(access)) {
      continue;  // One became free meanwhile.
    }
    const bool hasEmpty = !((table.lane(access) - table.inUse()) - table.open()).empty();
    const bool mayGrow = !mayOpen(access);
    guard.unlock();
    const auto look = mayGrow ? kGrowAfter : config.openRetryDelay;
    self.thread->parkUntil(hasEmpty ? std::min(deadline, now + look) : deadline);
    if (self.granted.load(std::memory_order_acquire) != Waiter::kNone) return self.granted;
    guard.lock();
  }
  if (self.rejected) throw Error(ErrorCode::PoolClosed, "the database was closed while this call waited for a handle");
  return self.granted;
}

void ConnectionPool::Core::throwExhausted(Access access, std::chrono::milliseconds timeout,
                                          const std::optional<Error>& openFailure) {
  std::string text = "no " + std::string(toText(access)) + " handle became free within " + formatDuration(timeout);
  const char* separator = ": ";
  const std::vector<LeaseInfo> out = leases();
  const bool ofLane =
      std::any_of(out.begin(), out.end(), [&](const LeaseInfo& lease) { return lease.access == access; });
  for (const LeaseInfo& lease : out) {
    if (ofLane && lease.access != access) continue;
    text += separator + describe(lease);
    separator = "; ";
  }
  std::string cause = openFailure ? openFailure->what() : "";
  {
    const port::LockGuard guard(mutex);
    ++acquireTimeouts;
    for (SlotSet rest = table.lane(access) - table.open(); !rest.empty(); rest.erase(rest.first())) {
      if (cause.empty()) cause = table[rest.first()].openError;
    }
  }
  if (!cause.empty()) text += "; opening another one failed: " + cause;
  throw Error(ErrorCode::PoolExhausted, text).setContext(contextText());
}

port::Parker* ConnectionPool::Core::passOn(std::size_t slot, Clock::TimePoint now) noexcept {
  const Access access = slot == SlotTable::kWriter ? Access::Write : Access::Read;
  WaitQueue& queue = waitersOf(access);
  // Who has the pool to itself may have to wait for a handle that is only being looked after.
  Waiter* const turn = aloneThread == 0 ? queue.front() : queue.firstBeside(aloneThread);
  if (turn == nullptr || table[slot].connection == nullptr) {
    table.free(slot);
    aloneChanged.notifyAll();
    if (turn != nullptr) turn->thread->tell();  // Nothing to hand over, but something to open: it sees to it.
    return nullptr;
  }
  Waiter& next = *turn;
  leaveQueue(access, next, true);
  beginLease(slot, next.holder, now);
  port::Parker* thread = next.thread;
  next.granted.store(slot, std::memory_order_release);
  return thread;
}

void ConnectionPool::Core::wakeFirst(WaitQueue& queue) noexcept {
  if (!queue.empty()) queue.front()->thread->tell();
}

void ConnectionPool::Core::rejectWaiters() {
  aloneChanged.notifyAll();
  for (const Access access : {Access::Write, Access::Read}) {
    while (!waitersOf(access).empty()) {
      Waiter& waiter = *waitersOf(access).front();
      leaveQueue(access, waiter, false);
      waiter.rejected = true;
      waiter.thread->tell();
    }
  }
}

}  // namespace holdfast
