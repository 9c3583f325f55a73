#include <holdfast/connection_pool.hpp>

#include <utility>

#include "core/port/process.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {
namespace {

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
  if (core_->abandon()) delete core_;
}

OpenReport ConnectionPool::open(const ConnectionConfig& config) { return core_->open(config); }

void ConnectionPool::close() { core_->close(); }

bool ConnectionPool::isOpen() const noexcept { return core_->isOpen(); }

PooledConnection ConnectionPool::acquire(Access access, std::optional<std::chrono::milliseconds> timeout, Place place) {
  const auto start = std::chrono::steady_clock::now();
  PooledConnection lease = core_->acquire({.access = access, .timeout = timeout, .holder = caller(place)});
  if (access == Access::Write) core_->makeRoomInLog(*lease, start, timeout);
  return lease;
}

std::optional<PooledConnection> ConnectionPool::tryAcquire(Access access, Place place) {
  PooledConnection lease = core_->acquire(
      {.access = access, .timeout = std::chrono::milliseconds{0}, .holder = caller(place), .quietly = true});
  if (!lease) return std::nullopt;
  if (access == Access::Write)
    core_->makeRoomInLog(*lease, std::chrono::steady_clock::now(), std::chrono::milliseconds{0});
  return lease;
}

RunResult BoundedCalls::runBound(const Sql& sql, std::span<const ValueView> values) {
  ConnectionPool::Core* const core = pool_->core_;
  try {
    return core->run(sql, values, options_, callerOf(sql));
  } catch (Error& error) {
    error.setContext(core->contextText());
    throw;
  }
}

void BoundedCalls::visitBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) {
  bool started = false;
  auto note = [&](const RowView& row) {
    started = true;
    return visit(row);
  };
  pool_->core_->readOnce(callerOf(sql), options_, started,
                         [&](Connection& connection) { connection.visitBound(sql, values, detail::RowVisitor(note)); });
}

Rows BoundedCalls::queryBound(const Sql& sql, std::span<const ValueView> values) {
  Rows rows;
  const bool never = false;
  pool_->core_->readOnce(callerOf(sql), options_, never,
                         [&](Connection& connection) { rows = connection.queryBound(sql, values); });
  return rows;
}

BoundedCalls ConnectionPool::with(CallOptions options) noexcept { return {*this, std::move(options)}; }

RunResult ConnectionPool::runBound(const Sql& sql, std::span<const ValueView> values) {
  return with({}).runBound(sql, values);
}

void ConnectionPool::visitBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) {
  with({}).visitBound(sql, values, visit);
}

Rows ConnectionPool::queryBound(const Sql& sql, std::span<const ValueView> values) {
  return with({}).queryBound(sql, values);
}

PooledConnection ConnectionPool::acquireToRead(const CallOptions& options, Place place) {
  return core_->acquireToRead(caller(place), options);
}

Transaction ConnectionPool::begin(const TransactionOptions& options, Place place) {
  return core_->begin(options, caller(place));
}

void ConnectionPool::runTransaction(Work work, const TransactionOptions& options, Place place) {
  try {
    core_->runTransaction(work, options, caller(place));
  } catch (Error& error) {
    error.setContext(core_->contextText());
    throw;
  }
}

void ConnectionPool::postTask(std::unique_ptr<detail::PostedTask> task) {
  try {
    core_->post(std::move(task));
  } catch (Error& error) {
    error.setContext(core_->contextText());
    throw;
  }
}

void ConnectionPool::flush() { core_->flush(); }

void ConnectionPool::submit(std::unique_ptr<detail::AsyncTask> task) {
  core_->submit(Task([task = std::move(task)] { task->run(); }));
}

CheckpointReport ConnectionPool::checkpoint() {
  const PooledConnection lease = core_->acquire({.holder = caller(Place::here())});
  const CheckpointReport report = checkpointFully(*lease);
  core_->noteCheckpoint(report, lease->id(), {});
  return report;
}

HealthReport ConnectionPool::checkHealth() { return core_->checkHealth(); }

void ConnectionPool::tick() { core_->tick(); }

PoolMetrics ConnectionPool::metrics() const { return core_->metrics(); }

std::vector<LeaseInfo> ConnectionPool::leases() const { return core_->leases(); }

bool ConnectionPool::forceCleanup(std::uint64_t leaseId) { return core_->forceCleanup(leaseId); }

SubscriptionId ConnectionPool::subscribe(std::function<void(const Event&)> listener) {
  return core_->events.subscribe(std::move(listener));
}

void ConnectionPool::unsubscribe(SubscriptionId id) { core_->events.unsubscribe(id); }

}  // namespace holdfast
