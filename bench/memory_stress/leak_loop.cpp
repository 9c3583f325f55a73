#include <array>
#include <stdexcept>

#include "memory_stress/mixed_step.hpp"
#include "memory_stress/scenarios.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

using holdfast::Access;
using holdfast::ErrorCode;
using holdfast::RowView;
using holdfast::Sql;
using holdfast::Transaction;

/// What a user's own callback throws.
class Stop : public std::exception {};

class LeakStep {
 public:
  LeakStep(std::shared_ptr<holdfast::ConnectionPool> pool, Worker& worker, std::int64_t rows, std::size_t number)
      : pool_(std::move(pool)), worker_(&worker), rows_(rows), random_(number), turn_(number) {}

  void operator()() {
    static constexpr std::array kFaults{
        &LeakStep::leaseOnly,   &LeakStep::violateConstraint,  &LeakStep::sendBadSql,        &LeakStep::throwInWork,
        &LeakStep::rollBack,    &LeakStep::abandonTransaction, &LeakStep::throwInVisit,      &LeakStep::failInSavepoint,
        &LeakStep::bindTooMuch, &LeakStep::readWrongType,      &LeakStep::turnOverStatements};
    (this->*kFaults[turn_++ % kFaults.size()])();
  }

 private:
  std::int64_t anyId() { return 1 + random_.below(rows_); }

  void leaseOnly() {
    worker_->attempt(Kind::Lease, [&] {
      const holdfast::PooledConnection lease = pool_->acquire(Access::Read);
      if (auto second = pool_->tryAcquire(Access::Write)) second->release();
    });
  }
  void violateConstraint() {
    worker_->expectError(ErrorCode::Constraint, [&] {
      pool_->run("INSERT INTO record (id, device, value, name, payload) VALUES (?, 0, 0, '', x'')", anyId());
    });
  }
  void sendBadSql() {
    worker_->expectError(ErrorCode::InvalidSql, [&] {
      pool_->queryValue<std::int64_t>(
          Sql::unchecked(format("SELECT value FROM missing_%lld", static_cast<long long>(anyId()))));
    });
  }
  /// Runs what should end in Stop, and takes it for done.
  template <typename F>
  void untilStop(F&& work) {
    worker_->attempt(Kind::Fault, [&] {
      try {
        work();
      } catch (const Stop&) {
        return;
      }
      throw std::runtime_error("an exception of the caller's did not travel through");
    });
  }
  void change(Transaction& tx) { tx.run("UPDATE record SET version = version + 1000 WHERE id = ?", anyId()); }

  void throwInWork() {
    untilStop([&] {
      pool_->transaction([&](Transaction& tx) {
        change(tx);
        throw Stop();
      });
    });
  }
  void rollBack() {
    worker_->attempt(Kind::Fault, [&] {
      Transaction tx = pool_->begin();
      change(tx);
      tx.rollback();
    });
  }
  void abandonTransaction() {
    worker_->attempt(Kind::Fault, [&] {
      holdfast::PooledConnection lease = pool_->acquire(Access::Write);
      Transaction tx(*lease);
      change(tx);
    });
  }
  void throwInVisit() {
    untilStop([&] {
      pool_->forEach(
          sqlOf(Kind::RangeScan), [](const RowView&) { throw Stop(); }, anyId());
    });
  }
  void failInSavepoint() {
    untilStop([&] {
      pool_->transaction([&](Transaction& tx) {
        tx.transaction([&](Transaction& inner) { change(inner); });
        tx.transaction([&](Transaction& inner) {
          change(inner);
          throw Stop();
        });
      });
    });
  }
  void bindTooMuch() {
    worker_->expectError(ErrorCode::InvalidArgument,
                         [&] { pool_->queryValue<std::int64_t>(sqlOf(Kind::Read), anyId(), anyId()); });
  }
  void readWrongType() {
    worker_->expectError(ErrorCode::TypeMismatch,
                         [&] { pool_->queryValue<std::int64_t>("SELECT name FROM record WHERE id = ?", anyId()); });
  }
  /// More texts than a cache of statements holds.
  void turnOverStatements() {
    worker_->attempt(Kind::Read, [&] {
      pool_->queryOne(
          Sql::unchecked(format("SELECT rows + %lld FROM memory_stress", static_cast<long long>(random_.below(1000)))));
    });
  }

  std::shared_ptr<holdfast::ConnectionPool> pool_;
  Worker* worker_;
  std::int64_t rows_;
  Random random_;
  std::size_t turn_;
};

}  // namespace

Scenario leakLoop(const Setting& setting) {
  Scenario scenario;
  scenario.pool = std::make_shared<holdfast::ConnectionPool>(stressConfig(setting.options));
  auto make = [pool = scenario.pool, rows = setting.database.rows](Worker& worker, std::size_t number) -> Step {
    return LeakStep(pool, worker, rows, number);
  };
  scenario.roles = {{setting.options.threads, make}};
  return scenario;
}

}  // namespace bench
