#include <holdfast/connection_pool.hpp>

#include <utility>

#include "core/out_of_memory.hpp"
#include "core/port/clock.hpp"
#include "core/port/process.hpp"
#include "pool/in_context.hpp"
#include "pool/pool_core.hpp"
#include "pool/pool_internals.hpp"

namespace holdfast {
namespace {

const CallOptions kUnbounded;

Holder caller(const Place& place) { return {place, nullptr, true, port::currentThreadId()}; }

Holder callerOf(const Sql& sql) { return {Place{}, sql.data(), sql.isLiteral(), port::currentThreadId()}; }

}  // namespace

ConnectionPool::ConnectionPool() : core_(new Core) {}

ConnectionPool::ConnectionPool(const ConnectionConfig& config) : core_(new Core) {
  try {
    core_->open(config);
  } catch (...) {
    delete core_;
    throw;
  }
}

ConnectionPool::~ConnectionPool() {
  if (!core_->inOwnProcess()) return;  // A forked child leaks what is its parent's.
  try {
    core_->close(true);
  } catch (const std::exception& failure) {
    core_->log(LogLevel::Warning, {failure.what()});
  }
  core_->observers.stopAll();
  if (core_->abandon()) delete core_;
}

OpenReport ConnectionPool::open(const ConnectionConfig& config) {
  return translatingBadAlloc([&] { return core_->open(config); });
}

void ConnectionPool::close() {
  translatingBadAlloc([this] { core_->close(); });
}

bool ConnectionPool::isOpen() const noexcept { return core_->isOpen(); }

PooledConnection ConnectionPool::acquire(Access access, std::optional<std::chrono::milliseconds> timeout, Place place) {
  return inContext(*core_, [&] {
    if (access == Access::Read) {
      return core_->acquire({.access = Access::Read, .timeout = timeout, .holder = caller(place)});
    }
    const auto start = port::coarseSteadyNow();
    PooledConnection lease = core_->acquire({.timeout = timeout, .holder = caller(place)});
    core_->storage.admit(*lease, true);
    core_->makeRoomInLog(*lease, start, timeout);
    return lease;
  });
}

std::optional<PooledConnection> ConnectionPool::tryAcquire(Access access, Place place) {
  constexpr std::chrono::milliseconds kNotAtAll{0};
  return inContext(*core_, [&]() -> std::optional<PooledConnection> {
    const auto start = port::coarseSteadyNow();
    PooledConnection lease =
        core_->acquire({.access = access, .timeout = kNotAtAll, .holder = caller(place), .quietly = true});
    if (!lease) return std::nullopt;
    if (access == Access::Write) {
      core_->storage.admit(*lease, true);
      core_->makeRoomInLog(*lease, start, kNotAtAll);
    }
    return lease;
  });
}

RunResult ConnectionPool::runWith(const CallOptions& options, const Sql& sql, std::span<const ValueView> values,
                                  const detail::RowVisitor& visit) {
  return inContext(*core_, [&] { return core_->run(sql, values, visit, options, callerOf(sql)); });
}

void ConnectionPool::visitWith(const CallOptions& options, const Sql& sql, std::span<const ValueView> values,
                               detail::RowVisitor visit) {
  detail::PoolInternals::visit(*this, options, sql, values, visit);
}

Rows ConnectionPool::queryWith(const CallOptions& options, const Sql& sql, std::span<const ValueView> values) {
  Rows rows;
  const bool never = false;
  core_->readOnce(sql, options, never, [&](Connection& connection) { rows = connection.impl().query(sql, values); });
  return rows;
}

RunResult BoundedCalls::runBound(const Sql& sql, std::span<const ValueView> values) {
  return pool_->runWith(options_, sql, values, detail::RowVisitor::none());
}

RunResult BoundedCalls::runReturningBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) {
  return pool_->runWith(options_, sql, values, visit);
}

void BoundedCalls::visitBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) {
  pool_->visitWith(options_, sql, values, visit);
}

Rows BoundedCalls::queryBound(const Sql& sql, std::span<const ValueView> values) {
  return pool_->queryWith(options_, sql, values);
}

BoundedCalls ConnectionPool::with(CallOptions options) noexcept { return {*this, std::move(options)}; }

RunResult ConnectionPool::runBound(const Sql& sql, std::span<const ValueView> values) {
  return runWith(kUnbounded, sql, values, detail::RowVisitor::none());
}

RunResult ConnectionPool::runReturningBound(const Sql& sql, std::span<const ValueView> values,
                                            detail::RowVisitor visit) {
  return runWith(kUnbounded, sql, values, visit);
}

void ConnectionPool::visitBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) {
  visitWith(kUnbounded, sql, values, visit);
}

Rows ConnectionPool::queryBound(const Sql& sql, std::span<const ValueView> values) {
  return queryWith(kUnbounded, sql, values);
}

PooledConnection ConnectionPool::acquireToRead(const CallOptions& options, Place place) {
  return inContext(*core_, [&] { return core_->acquireToRead(caller(place), options); });
}

RowCursor ConnectionPool::cursor(const Sql& sql, std::span<const ValueView> values, const CallOptions& options,
                                 Place place) {
  return inContext(*core_, [&] { return RowCursor(core_->acquireToRead(caller(place), options), sql, values); });
}

Transaction ConnectionPool::begin(const TransactionOptions& options, Place place) {
  return inContext(*core_, [&] { return core_->begin(options, caller(place)); });
}

void ConnectionPool::runTransaction(Work work, const TransactionOptions& options, Place place) {
  inContext(*core_, [&] { core_->runTransaction(work, options, caller(place)); });
}

void ConnectionPool::flush() {
  inContext(*core_, [this] { core_->flush(); });
}

CheckpointReport ConnectionPool::checkpoint() {
  return inContext(*core_, [this] {
    const PooledConnection lease = core_->acquire({.holder = caller(Place::here())});
    const CheckpointReport report = checkpointFully(*lease, SteadyTime::max());
    core_->noteCheckpoint(report, lease->id(), {});
    return report;
  });
}

BackupReport ConnectionPool::backup(const std::string& path, const BackupOptions& options) {
  return inContext(*core_, [&] { return core_->backup(path, options); });
}

VerifyReport ConnectionPool::verify(VerifyDepth depth, const VerifyOptions& options) {
  return inContext(*core_, [&] { return core_->verify(depth, options); });
}

HealthReport ConnectionPool::checkHealth(std::chrono::milliseconds timeout) {
  return inContext(*core_, [&] { return core_->checkHealth(timeout); });
}

void ConnectionPool::tick() {
  inContext(*core_, [this] { core_->tick(); });
}

MemoryReport ConnectionPool::memory() { return core_->memory(); }

void ConnectionPool::reportMemoryPressure(MemoryStage stage) { core_->reportMemoryPressure(stage); }

SizingReport ConnectionPool::recommendations() const { return core_->recommendations(); }

FlashReport ConnectionPool::flashReport() {
  return translatingBadAlloc([this] { return core_->flashReport(); });
}

StorageState ConnectionPool::storageState() const { return core_->storage.state(); }

PoolMetrics ConnectionPool::metrics() const { return core_->metrics(); }

std::vector<LeaseInfo> ConnectionPool::leases() const {
  return translatingBadAlloc([this] { return core_->leases(); });
}

bool ConnectionPool::forceCleanup(std::uint64_t leaseId) {
  return translatingBadAlloc([&] { return core_->forceCleanup(leaseId); });
}

SubscriptionId ConnectionPool::subscribe(std::function<void(const Event&)> listener) {
  return translatingBadAlloc([&] { return core_->events.subscribe(std::move(listener)); });
}

void ConnectionPool::unsubscribe(SubscriptionId id) { core_->events.unsubscribe(id); }

}  // namespace holdfast
