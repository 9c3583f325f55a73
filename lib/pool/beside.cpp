#include "pool/beside.hpp"

#include <utility>

namespace holdfast {

ConnectionPool::Core::Beside::Beside(Core& core, LongReads::Kind kind,
                                     const std::optional<std::chrono::milliseconds>& timeout, StopToken cancel)
    : core_(core),
      turn_(core.longReads, kind),
      cancel_(std::move(cancel)),
      onCancel_(cancel_, RequestStop{&any_}),
      onClose_(turn_.stop(), RequestStop{&any_}) {
  if (timeout)
    deadline_ = std::chrono::steady_clock::now() + std::min<std::chrono::milliseconds>(*timeout, kLongestWait);
}

ConnectionProfile ConnectionPool::Core::Beside::profile() const {
  constexpr std::int64_t kCacheBytes = 64 * KiB;  // It goes through the file once.
  ConnectionProfile profile;
  profile.path = core_.path;
  profile.access = Access::Read;
  profile.durability = core_.config.durability;
  profile.busyTimeout = core_.config.busyTimeout;
  profile.openTimeout = core_.config.openTimeout;
  profile.foreignKeys = core_.config.foreignKeys;
  profile.tempStore = core_.config.tempStore;
  profile.cacheBytes = kCacheBytes;
  profile.readsOnly = core_.damage.isLeftAlone();
  profile.triggersAndViews = core_.config.triggersAndViews;
  profile.statementCacheEntries = 1;
  profile.statementCacheBytes = kCacheBytes;
  profile.vfs = core_.flash.vfs();  // Which compares checksums.
  return profile;
}

Connection::Impl& ConnectionPool::Core::Beside::openHandle() {
  closeHandle();
  core_.requireSameFile();
  const std::uint64_t id = core_.lastConnectionId.fetch_add(1, std::memory_order_relaxed) + 1;
  handle_ = std::make_unique<Connection::Impl>(id, profile(), core_.counters.queryLatency);
  handle_->lease = 1;  // So that it can be revoked.
  handle_->setLimits({.lockDeadline = deadline_, .deadline = deadline_, .cancel = stop()});
  return *handle_;
}

void ConnectionPool::Core::Beside::closeHandle() noexcept { handle_.reset(); }

void ConnectionPool::Core::Beside::check() const {
  if (turn_.stop().stop_requested()) throw Error(ErrorCode::PoolClosed, "the database is being closed");
  if (cancel_.stop_requested()) throw Error(ErrorCode::Interrupted, "cancelled by its stop token");
  if (std::chrono::steady_clock::now() >= deadline_) {
    throw Error(ErrorCode::Timeout, "the deadline passed before everything was carried out");
  }
}

void ConnectionPool::Core::Beside::rest(std::chrono::milliseconds pause) {
  if (pause.count() > 0) turn_.rest(std::min(std::chrono::steady_clock::now() + pause, deadline_));
}

std::int64_t ConnectionPool::Core::Beside::logBytes() const {
  std::shared_ptr<Connection> writer;
  {
    const port::LockGuard guard(core_.mutex);
    writer = core_.table[SlotTable::kWriter].connection;
  }
  return writer == nullptr ? 0 : Core::logBytes(writer->impl());
}

std::int64_t ConnectionPool::Core::Beside::logLimit() const { return core_.logLimit(*handle_); }

}  // namespace holdfast
