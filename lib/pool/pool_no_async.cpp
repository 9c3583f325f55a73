// In the place of pool_post.cpp and of the queues in a library that was built without posted work and futures.

#include "pool/pool_core.hpp"

namespace holdfast {

void ConnectionPool::Core::flushOnce() {}

bool ConnectionPool::Core::tryFlush(SteadyTime /*deadline*/) { return true; }

void ConnectionPool::Core::flush() {
  requireOwnProcess();
  const PooledConnection lease =
      acquire({.holder = {Place::here(), nullptr, true, port::currentThreadId()}, .keepsView = true});
  lease->impl().syncLog();
}

void ConnectionPool::Core::runPosted(Connection& /*writer*/, PostQueue::Tasks& /*done*/) noexcept {}

void ConnectionPool::Core::repeatPosted(Ended& /*ended*/) noexcept {}

void ConnectionPool::Core::endPosted(Ended /*ended*/) noexcept {}

}  // namespace holdfast
