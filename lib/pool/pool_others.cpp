// What the pools of a process know of each other: no file is opened twice, and who is short of memory asks the others.

#include "pool/pool_core.hpp"

namespace holdfast {

constinit port::Mutex ConnectionPool::Core::openFilesMutex;
constinit ConnectionPool::Core* ConnectionPool::Core::firstOpen = nullptr;

void ConnectionPool::Core::claimFile() {
  const port::LockGuard guard(openFilesMutex);
  for (const Core* other = firstOpen; other != nullptr; other = other->nextOpen) {
    if (other->device != device || other->inode != inode) continue;
    throw Error(
        ErrorCode::Misuse,
        "another pool of this process has the file open, or leases of one that was closed are still out: use that one");
  }
  nextOpen = firstOpen;
  firstOpen = this;
}

bool ConnectionPool::Core::isOpenFile(std::uint64_t device, std::uint64_t inode) {
  const port::LockGuard guard(openFilesMutex);
  const Core* pool = firstOpen;
  while (pool != nullptr && (pool->device != device || pool->inode != inode)) pool = pool->nextOpen;
  return pool != nullptr;
}

void ConnectionPool::Core::yieldFile() noexcept {
  const port::LockGuard guard(openFilesMutex);
  for (Core** at = &firstOpen; *at != nullptr; at = &(*at)->nextOpen) {
    if (*at != this) continue;
    *at = nextOpen;
    return;
  }
}

void ConnectionPool::Core::releasePagesOfOthers() const noexcept {
  // One handle after the other: who wants one should not find them all taken.
  Core* other = nullptr;
  std::size_t slot = 0;
  while (takeNextOfOthers(other, slot)) {
    if (other->table[slot].connection != nullptr) other->table[slot].connection->impl().releasePages();
    other->noteMemory(slot);
    other->endLease(slot);
  }
}

bool ConnectionPool::Core::takeNextOfOthers(Core*& other, std::size_t& slot) const noexcept {
  // Who has a slot keeps the pool in being; giving it back may end it, which needs the lock.
  const port::LockGuard guard(openFilesMutex);
  const bool first = other == nullptr;
  Core* pool = firstOpen;
  while (!first && pool != nullptr && pool != other) pool = pool->nextOpen;
  for (std::size_t next = first ? 0 : slot + 1; pool != nullptr; pool = pool->nextOpen, next = 0) {
    for (; pool != this && next < pool->table.size(); ++next) {
      if (!pool->table.open().contains(next) || !pool->table.tryTake(next)) continue;
      other = pool;
      slot = next;
      return true;
    }
  }
  return false;
}

}  // namespace holdfast
