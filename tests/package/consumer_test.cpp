// What a user's first test under faults looks like, without a test framework.
#include <holdfast/holdfast.hpp>
#include <holdfast/testing/fault_runs.hpp>

#include <cstdio>
#include <exception>
#include <string>

namespace {

holdfast::ConnectionConfig configFor(const std::string& database) {
  holdfast::ConnectionConfig config;
  config.database = database;
  config.housekeeping = holdfast::HousekeepingMode::Manual;
  return config;
}

}  // namespace

int main() {
  using namespace holdfast;
  try {
    testing::Scenario scenario;
    scenario.name = "consumer";
    scenario.setUp = [](const std::string& database) {
      ConnectionPool(configFor(database)).run("CREATE TABLE t(x INTEGER)");
    };
    scenario.work = [](testing::Attempt& attempt) {
      ConnectionPool pool(configFor(attempt.database()));
      for (int i = 1; i <= 3; ++i) attempt.transaction(i, [&] { pool.run("INSERT INTO t(x) VALUES (?)", i); });
    };
    scenario.invariant = [](sqlite3*) { return std::string(); };
    testing::PowerCutOptions options;
    options.cuts = 20;
    const testing::FaultReport report = runPowerCuts(scenario, options);
    std::puts(report.text().c_str());
    return report.ok() && report.points == 20 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
