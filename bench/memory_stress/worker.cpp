#include "memory_stress/worker.hpp"

#include <sqlite3.h>

#include <new>
#include <numeric>

#include "support/bare_sqlite.hpp"

namespace bench {

namespace {

std::string codeOf(const std::exception& error) {
  if (const auto* ours = dynamic_cast<const holdfast::Error*>(&error)) return std::string(toText(ours->code()));
  if (const auto* bare = dynamic_cast<const BareError*>(&error)) return sqlite3_errstr(bare->code());
  return dynamic_cast<const std::bad_alloc*>(&error) != nullptr ? "std::bad_alloc" : "exception";
}

/// Whether a write that ended so may have taken effect nevertheless.
bool leavesOpen(const std::exception& error) {
  const auto* ours = dynamic_cast<const holdfast::Error*>(&error);
  return ours == nullptr || ours->code() == holdfast::ErrorCode::OutcomeUnknown;
}

}  // namespace

bool isForMemory(const std::exception& error) noexcept {
  if (const auto* ours = dynamic_cast<const holdfast::Error*>(&error)) {
    return ours->code() == holdfast::ErrorCode::MemoryLimit || (ours->sqliteCode() & 0xff) == SQLITE_NOMEM;
  }
  if (const auto* bare = dynamic_cast<const BareError*>(&error)) return bare->code() == SQLITE_NOMEM;
  return dynamic_cast<const std::bad_alloc*>(&error) != nullptr;
}

std::uint64_t Tally::refused() const { return std::accumulate(refusedOf.begin(), refusedOf.end(), std::uint64_t{0}); }

std::uint64_t Tally::acknowledgedWrites() const {
  std::uint64_t writes = 0;
  for (std::size_t i = 0; i < kKinds; ++i) writes += isWrite(static_cast<Kind>(i)) ? completedOf[i] : 0;
  return writes;
}

void Tally::merge(const Tally& other) {
  for (std::size_t i = 0; i < kKinds; ++i) {
    latency[i].merge(other.latency[i]);
    completedOf[i] += other.completedOf[i];
    refusedOf[i] += other.refusedOf[i];
  }
  completed += other.completed;
  expectedErrors += other.expectedErrors;
  allowedRefusals += other.allowedRefusals;
  unexpectedErrors += other.unexpectedErrors;
  uncertainWrites += other.uncertainWrites;
  for (const auto& [code, times] : other.errors) errors[code] += times;
  if (firstUnexpected.empty()) firstUnexpected = other.firstUnexpected;
  if (firstRefusal.empty()) firstRefusal = other.firstRefusal;
}

LatencyHistogram Tally::allLatencies() const {
  LatencyHistogram all;
  for (const LatencyHistogram& histogram : latency) all.merge(histogram);
  return all;
}

void Worker::complete(Kind kind, std::chrono::steady_clock::time_point start) noexcept {
  tally_.latency[indexOf(kind)].add(std::chrono::steady_clock::now() - start);
  ++tally_.completedOf[indexOf(kind)];
  ++tally_.completed;
  count();
}

void Worker::note(Kind kind, const std::exception& error) {
  ++tally_.errors[codeOf(error)];
  if (isWrite(kind) && leavesOpen(error)) ++tally_.uncertainWrites;
  count();
}

void Worker::expected(Kind kind, const std::exception& error) {
  ++tally_.expectedErrors;
  if (isForMemory(error)) ++tally_.allowedRefusals;
  note(kind, error);
}

void Worker::fail(Kind kind, const std::exception& error) {
  ++tally_.unexpectedErrors;
  const bool forMemory = isForMemory(error);
  if (forMemory) ++tally_.refusedOf[indexOf(kind)];
  std::string& first = forMemory ? tally_.firstRefusal : tally_.firstUnexpected;
  if (first.empty()) first = std::string(toText(kind)) + ": " + error.what();
  note(kind, error);
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
