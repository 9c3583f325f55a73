// Operations through a pool while allocations fail at random, in a process of its own.

#include <sqlite3.h>

#include <array>

#include <holdfast/logger.hpp>

#include "memory_stress/injected_failure.hpp"
#include "memory_stress/load_request.hpp"
#include "memory_stress/mixed_step.hpp"
#include "memory_stress/pool_side.hpp"
#include "memory_stress/team.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

using holdfast::ConnectionPool;
using holdfast::ErrorCode;
using holdfast::Transaction;

/// One in so many allocations fails: some operations meet their first, some a late one.
constexpr std::array<std::uint64_t, 6> kRates{4, 16, 64, 256, 1024, 8192};

/// Thousands of warnings would say what the counts say.
class Silence final : public holdfast::Logger {
 public:
  void log(holdfast::LogLevel, std::string_view, std::string_view) noexcept override {}
};

holdfast::ConnectionConfig faultConfig(const LoadRequest& request) {
  holdfast::ConnectionConfig config = stressConfig(request.database, request.handles, request.limit);
  config.logger = std::make_shared<Silence>();
  config.openRetryDelay = std::chrono::milliseconds{1};
  config.housekeeping = holdfast::HousekeepingMode::Manual;
  return config;
}

/// The answers that say clearly what happened.
bool isClear(const std::exception& error) {
  const auto* ours = dynamic_cast<const holdfast::Error*>(&error);
  if (ours == nullptr) return dynamic_cast<const std::bad_alloc*>(&error) != nullptr;
  return ours->code() == ErrorCode::MemoryLimit || ours->code() == ErrorCode::OutcomeUnknown;
}

class FaultStep {
 public:
  FaultStep(ConnectionPool& pool, Worker& worker, const Database& database, std::uint64_t seed, bool faulty)
      : pool_(pool),
        worker_(worker),
        operator_(PoolSide(pool), database, seed),
        random_(seed * 7919 + 1),
        faulty_(faulty) {}

  void operator()() {
    const std::uint64_t rate = kRates[random_.next() % kRates.size()];
    const std::uint64_t seed = random_.next();
    const auto operation = kOperations[random_.next() % kOperations.size()];
    const char* wrong = nullptr;
    const bool done = worker_.attemptOr(operation.kind, isClear, [&] {
      if (!faulty_) return operation.run(*this, wrong);
      const FailureWindow window(seed, rate);
      operation.run(*this, wrong);
    });
    if (wrong != nullptr) worker_.fail(wrong);
    if (!done) goOn();
  }

 private:
  struct Operation {
    Kind kind;
    void (*run)(FaultStep& self, const char*& wrong);
  };

  template <Kind kKind>
  static void one(FaultStep& self, const char*& wrong) {
    wrong = self.operator_.perform(kKind);
  }
  static void undo(FaultStep& self, const char*& /*wrong*/) {
    self.pool_.transaction([&](Transaction& tx) {
      tx.run("UPDATE record SET value = value WHERE id = ?", self.anyId());
      tx.transaction([&](Transaction& inner) { inner.run("DELETE FROM record WHERE id = ?", self.anyId()); });
      tx.rollback();
    });
  }
  static void prepare(FaultStep& self, const char*& /*wrong*/) {
    self.pool_.queryOne(holdfast::Sql::unchecked(format("SELECT value, %lld FROM record WHERE id = ?",
                                                        static_cast<long long>(self.random_.below(5000)))),
                        self.anyId());
  }
  static void lease(FaultStep& self, const char*& /*wrong*/) {
    const holdfast::PooledConnection lease = self.pool_.acquire(holdfast::Access::Read);
    lease->query("SELECT id, name FROM record WHERE id >= ? LIMIT 5", self.anyId());
  }
  static void keepHouse(FaultStep& self, const char*& /*wrong*/) { self.pool_.tick(); }

  static constexpr std::array kOperations{Operation{Kind::Read, one<Kind::Read>},
                                          Operation{Kind::Read, one<Kind::Read>},
                                          Operation{Kind::RangeScan, one<Kind::RangeScan>},
                                          Operation{Kind::Update, one<Kind::Update>},
                                          Operation{Kind::Update, one<Kind::Update>},
                                          Operation{Kind::Sort, one<Kind::Sort>},
                                          Operation{Kind::LargeRead, one<Kind::LargeRead>},
                                          Operation{Kind::LargeWrite, one<Kind::LargeWrite>},
                                          Operation{Kind::Fault, undo},
                                          Operation{Kind::Statement, prepare},
                                          Operation{Kind::Lease, lease},
                                          Operation{Kind::Cycle, keepHouse}};

  std::int64_t anyId() { return 1 + random_.below(100); }
  /// After an operation that failed the next one works, on either kind of handle.
  void goOn() {
    const char* wrong = nullptr;
    worker_.attempt(Kind::Read, [&] { wrong = operator_.perform(Kind::Read); });
    if (wrong != nullptr) worker_.fail(wrong);
    if (random_.next() % 4 == 0) write();
  }
  /// A COMMIT that this one shares may meet the failures of another thread, but not for ever.
  void write() {
    constexpr int kAttempts = 50;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      if (worker_.attemptOr(Kind::Update, isClear, [&] { operator_.perform(Kind::Update); })) return;
    }
    worker_.fail("fifty writes in a row failed after a failed allocation");
  }

  ConnectionPool& pool_;
  Worker& worker_;
  Operator<PoolSide> operator_;
  Random random_;
  bool faulty_;
};

TeamResult runTeamOfFaults(const LoadRequest& request, std::chrono::milliseconds duration, bool faulty) {
  Database database;
  database.rows = request.rows;
  database.largeRows = request.largeRows;
  ConnectionPool pool(faultConfig(request));
  auto make = [&](Worker& worker, std::size_t number) -> Step {
    return FaultStep(pool, worker, database, request.seed + number, faulty);
  };
  TeamResult result = runTeam({{request.threads, make}}, duration);
  Worker closing;
  closing.prepare([&] { pool.close(); });
  result.tally.merge(closing.tally());
  return result;
}

}  // namespace

LoadResult runFaultLoad(const LoadRequest& request) {
  InjectedFailures::install();
  const std::chrono::milliseconds duration(request.milliseconds);
  // Without faults first: what threads and the standard library keep for good is there then.
  LoadResult result = [&] {
    const TeamResult harmless = runTeamOfFaults(request, duration / 10, false);
    LoadResult room = toResult(harmless.tally, harmless.seconds);
    return room;
  }();
  const std::vector<std::uint64_t> before = result.completedOf;
  const std::int64_t heapBefore = sqlite3_memory_used();
  const std::int64_t blocksBefore = InjectedFailures::liveBlocks();
  result = [&] {
    TeamResult faulty = runTeamOfFaults(request, duration, true);
    return toResult(faulty.tally, faulty.seconds);
  }();
  result.blocksLeft = InjectedFailures::liveBlocks() - blocksBefore;
  result.heapLeftBytes = sqlite3_memory_used() - heapBefore;
  for (std::size_t i = 0; i < before.size(); ++i) result.completedOf[i] += before[i];
  result.heapPeakBytes = sqlite3_memory_highwater(0);
  result.sqliteFailures = InjectedFailures::ofSqlite();
  result.cppFailures = InjectedFailures::ofCpp();
  result.allocations = InjectedFailures::allocations();
  return result;
}

}  // namespace bench
