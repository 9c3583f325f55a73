#include "memory_stress/load_request.hpp"

#include <nlohmann/json.hpp>

namespace bench {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LoadRequest, side, database, rows, largeRows, milliseconds, threads, handles, limit,
                                   seed)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LoadResult, seconds, completed, refused, allowedRefusals, otherErrors,
                                   uncertainWrites, heapPeakBytes, p50Nanoseconds, p99Nanoseconds, completedOf,
                                   refusedOf, errors, firstError, firstRefusal, sqliteFailures, cppFailures,
                                   allocations, heapLeftBytes, blocksLeft)

namespace {

/// Past the load itself: whole-table operations and slow disks.
constexpr std::chrono::minutes kPatience{4};

using Json = nlohmann::json;

std::string textOf(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string runLoadRequest(std::string_view text) {
  const auto request = Json::parse(text).get<LoadRequest>();
  switch (request.side) {
    case Side::Pool: return textOf(runPoolLoad(request));
    case Side::Bare: return textOf(runBareLoad(request));
    case Side::Single: return textOf(runSingleTrial(request));
    case Side::Tuned: return textOf(runTunedTrial(request));
    case Side::Faults: break;
  }
  return textOf(runFaultLoad(request));
}

LoadResult runLoad(ForkServer& server, const LoadRequest& request) {
  const ForkOutcome outcome = server.run(textOf(request), std::chrono::milliseconds(request.milliseconds) + kPatience);
  if (outcome.completed) return Json::parse(outcome.answer).get<LoadResult>();
  LoadResult result;
  result.failure = outcome.failure;
  result.completedOf.resize(kKinds);
  result.refusedOf.resize(kKinds);
  return result;
}

LoadResult toResult(const Tally& tally, double seconds) {
  LoadResult result;
  const LatencyHistogram latency = tally.allLatencies();
  result.seconds = seconds;
  result.completed = tally.completed;
  result.refused = tally.refused();
  result.allowedRefusals = tally.allowedRefusals;
  result.otherErrors = tally.unexpectedErrors - tally.refused();
  result.uncertainWrites = tally.uncertainWrites;
  result.p50Nanoseconds = latency.quantile(0.5).count();
  result.p99Nanoseconds = latency.quantile(0.99).count();
  result.completedOf.assign(tally.completedOf.begin(), tally.completedOf.end());
  result.refusedOf.assign(tally.refusedOf.begin(), tally.refusedOf.end());
  result.errors = tally.errors;
  result.firstError = tally.firstUnexpected;
  result.firstRefusal = tally.firstRefusal;
  return result;
}

}  // namespace bench
