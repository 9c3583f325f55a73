#include "memory_stress/worker.hpp"

#include <sqlite3.h>

#include "support/bare_sqlite.hpp"

namespace bench {

const char* toText(Kind kind) noexcept {
  static constexpr std::array<const char*, kKinds> kNames{"read",  "rangeScan", "update", "fullScan", "sort",
                                                          "group", "lease",     "cycle",  "fault"};
  return kNames[static_cast<std::size_t>(kind)];
}

void Tally::merge(const Tally& other) {
  for (std::size_t i = 0; i < kKinds; ++i) latency[i].merge(other.latency[i]);
  completed += other.completed;
  expectedErrors += other.expectedErrors;
  unexpectedErrors += other.unexpectedErrors;
  memoryRefusals += other.memoryRefusals;
  for (const auto& [code, times] : other.errors) errors[code] += times;
  if (firstUnexpected.empty()) firstUnexpected = other.firstUnexpected;
}

LatencyHistogram Tally::allLatencies() const {
  LatencyHistogram all;
  for (const LatencyHistogram& histogram : latency) all.merge(histogram);
  return all;
}

namespace {

struct Fault {
  std::string code;
  bool forMemory = false;
};

Fault faultOf(const std::exception& error) {
  if (const auto* ours = dynamic_cast<const holdfast::Error*>(&error)) {
    const bool forMemory =
        ours->code() == holdfast::ErrorCode::MemoryLimit || (ours->sqliteCode() & 0xff) == SQLITE_NOMEM;
    return {std::string(holdfast::toText(ours->code())), forMemory};
  }
  if (const auto* bare = dynamic_cast<const BareError*>(&error)) {
    return {sqlite3_errstr(bare->code()), bare->code() == SQLITE_NOMEM};
  }
  return {"exception", dynamic_cast<const std::bad_alloc*>(&error) != nullptr};
}

}  // namespace

void Worker::complete(Kind kind, std::chrono::steady_clock::time_point start) noexcept {
  tally_.latency[static_cast<std::size_t>(kind)].add(std::chrono::steady_clock::now() - start);
  ++tally_.completed;
  count();
}

void Worker::expected(std::string_view code) {
  ++tally_.errors[std::string(code)];
  ++tally_.expectedErrors;
  count();
}

void Worker::fail(const std::exception& error) {
  const Fault fault = faultOf(error);
  ++tally_.errors[fault.code];
  ++tally_.unexpectedErrors;
  if (fault.forMemory) ++tally_.memoryRefusals;
  if (tally_.firstUnexpected.empty()) tally_.firstUnexpected = error.what();
  count();
}

void Worker::fail(const std::string& what) {
  ++tally_.errors["wrong result"];
  ++tally_.unexpectedErrors;
  if (tally_.firstUnexpected.empty()) tally_.firstUnexpected = what;
  count();
}

void Worker::failMissing(std::string_view code) {
  fail("an operation succeeded that should have failed with " + std::string(code));
}

void Worker::count() noexcept {
  operations_.store(operations_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace bench
