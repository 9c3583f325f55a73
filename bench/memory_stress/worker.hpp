#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <string>
#include <string_view>

#include <holdfast/error.hpp>

#include "support/latency_histogram.hpp"

namespace bench {

/// What the operations of the load are, for their latencies.
enum class Kind : std::uint8_t { Read, RangeScan, Update, FullScan, Sort, Group, Lease, Cycle, Fault };
inline constexpr std::size_t kKinds = 9;

const char* toText(Kind kind) noexcept;

/// What came of the operations of one thread, or of several.
struct Tally {
  std::array<LatencyHistogram, kKinds> latency;
  std::uint64_t completed = 0;
  std::uint64_t expectedErrors = 0;
  std::uint64_t unexpectedErrors = 0;
  std::uint64_t memoryRefusals = 0;             ///< Of the unexpected errors, those for want of memory.
  std::map<std::string, std::uint64_t> errors;  ///< By their code.
  std::string firstUnexpected;

  void merge(const Tally& other);
  LatencyHistogram allLatencies() const;
};

/// Carries out operations on behalf of one thread of the load and keeps its tally.
class Worker {
 public:
  Worker() = default;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// An operation that should succeed. False where it did not.
  template <typename F>
  bool attempt(Kind kind, F&& operation) {
    const auto start = std::chrono::steady_clock::now();
    try {
      operation();
    } catch (const std::exception& error) {
      fail(error);
      return false;
    }
    complete(kind, start);
    return true;
  }

  /// An operation that may be refused with `code`, which is how a crowded pool says so.
  template <typename F>
  void attemptOr(Kind kind, holdfast::ErrorCode code, F&& operation) {
    const auto start = std::chrono::steady_clock::now();
    try {
      operation();
    } catch (const holdfast::Error& error) {
      if (error.code() != code) return fail(error);
      return expected(holdfast::toText(code));
    } catch (const std::exception& error) {
      return fail(error);
    }
    complete(kind, start);
  }

  /// An operation that must fail with `code`.
  template <typename F>
  void expectError(holdfast::ErrorCode code, F&& operation) {
    const auto start = std::chrono::steady_clock::now();
    try {
      operation();
    } catch (const holdfast::Error& error) {
      if (error.code() != code) return fail(error);
      expected(holdfast::toText(code));
      return complete(Kind::Fault, start);
    } catch (const std::exception& error) {
      return fail(error);
    }
    failMissing(holdfast::toText(code));
  }

  /// What comes before the first operation: counts only when it fails.
  template <typename F>
  void prepare(F&& setUp) {
    try {
      setUp();
    } catch (const std::exception& error) {
      fail(error);
    }
  }

  /// Something is wrong that no exception tells of.
  void fail(const std::string& what);

  const Tally& tally() const noexcept { return tally_; }
  /// Operations that ended so far, well or not. Any thread.
  std::uint64_t operations() const noexcept { return operations_.load(std::memory_order_relaxed); }

 private:
  void complete(Kind kind, std::chrono::steady_clock::time_point start) noexcept;
  void expected(std::string_view code);
  void fail(const std::exception& error);
  void failMissing(std::string_view code);
  void count() noexcept;

  // Alone on its cache line: the sampler reads it while the thread runs.
  alignas(64) std::atomic<std::uint64_t> operations_{0};
  alignas(64) Tally tally_;
};

}  // namespace bench
