#include <algorithm>

#include "memory_stress/scenarios.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

using holdfast::ErrorCode;

/// A budget that is never short by itself: what fails is what was made to fail.
constexpr std::int64_t kAmple = 16 * holdfast::MiB;

unsigned long long number(std::uint64_t value) { return value; }

std::string timesOf(const LoadResult& load, std::string_view code) {
  const auto found = load.errors.find(std::string(code));
  return format("%llu", number(found == load.errors.end() ? 0 : found->second));
}

std::vector<Verdict> judgeFaults(const LoadResult& load) {
  Verdict survived{"failed allocations do no harm", load.failure.empty() && load.refused + load.otherErrors == 0, ""};
  if (!load.failure.empty()) {
    survived.detail = "the process " + load.failure + "; see --seed to see it again";
    return {survived};
  }
  survived.detail =
      format("%llu of %llu allocations failed, %llu of SQLite's, %llu of C++'s: ",
             number(load.sqliteFailures + load.cppFailures), number(load.allocations), number(load.sqliteFailures),
             number(load.cppFailures)) +
      timesOf(load, toText(ErrorCode::MemoryLimit)) + " MemoryLimit, " + timesOf(load, "std::bad_alloc") +
      " std::bad_alloc, " + timesOf(load, toText(ErrorCode::OutcomeUnknown)) +
      " OutcomeUnknown; unclear or wrong afterwards: " + format("%llu", number(load.refused + load.otherErrors));
  // What threads and the standard library keep once they were used is not much; one block a fault would be.
  constexpr std::int64_t kKept = 64;
  return {survived,
          {"failed allocations leave nothing behind", load.heapLeftBytes == 0 && load.blocksLeft <= kKept,
           format("after closing: SQLite heap %+lld B, %+lld blocks of C++", static_cast<long long>(load.heapLeftBytes),
                  static_cast<long long>(load.blocksLeft))}};
}

}  // namespace

Scenario allocationFailure(const Setting& setting) {
  Scenario scenario;
  auto result = std::make_shared<LoadResult>();
  LoadRequest request;
  request.side = Side::Faults;
  request.database = setting.options.databasePath();
  request.rows = setting.database.rows;
  request.largeRows = setting.database.largeRows;
  request.threads = setting.options.threads;
  request.handles = setting.options.handles;
  request.limit = std::max(setting.options.limit, kAmple);
  request.seed = setting.options.seed;
  scenario.elsewhere = [result, request, &server = setting.server](std::chrono::milliseconds duration) mutable {
    request.milliseconds = duration.count();
    *result = runLoad(server, request);
    return *result;
  };
  scenario.finish = [result](const Tally&) { return judgeFaults(*result); };
  return scenario;
}

}  // namespace bench
