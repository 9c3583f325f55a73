#include "memory_stress/mixed_step.hpp"
#include "memory_stress/scenarios.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

constexpr std::int64_t kTexts = 20'000;
constexpr int kTermsOfLongText = 200;

/// Texts that SQLite compiles to little and to much: a statement takes from 2 KiB to about 50 KiB.
std::string textNumber(std::int64_t number) {
  std::string text = format("SELECT value + %lld, name FROM record WHERE id = ?", static_cast<long long>(number));
  if (number % 16 != 0) return text;
  text += " AND value NOT IN (-1";
  for (int term = 2; term <= kTermsOfLongText; ++term) text += format(", -%d", term);
  for (int term = 0; term < kTermsOfLongText; ++term)
    text += term == 0 ? ") AND (id > 0" : format(" OR id = -%d", term);
  return text + ")";
}

class StormStep {
 public:
  StormStep(std::shared_ptr<holdfast::ConnectionPool> pool, Worker& worker, std::int64_t rows, std::uint64_t seed)
      : pool_(std::move(pool)), worker_(&worker), rows_(rows), random_(seed) {}

  void operator()() {
    const std::int64_t id = 1 + random_.below(rows_);
    const holdfast::Sql sql = holdfast::Sql::unchecked(textNumber(random_.below(kTexts)));
    bool found = false;
    const bool done =
        worker_->attempt(Kind::Statement, [&] { found = pool_->queryValue<std::int64_t>(sql, id).has_value(); });
    if (done && !found) worker_->fail("a statement of the storm found no row");
  }

 private:
  std::shared_ptr<holdfast::ConnectionPool> pool_;
  Worker* worker_;
  std::int64_t rows_;
  Random random_;
};

}  // namespace

Scenario statementStorm(const Setting& setting) {
  Scenario scenario;
  scenario.pool = std::make_shared<holdfast::ConnectionPool>(stressConfig(setting.options));
  auto make = [pool = scenario.pool, rows = setting.database.rows, seed = setting.options.seed](
                  Worker& worker, std::size_t number) -> Step { return StormStep(pool, worker, rows, seed + number); };
  scenario.roles = {{setting.options.threads, make}};
  return scenario;
}

}  // namespace bench
