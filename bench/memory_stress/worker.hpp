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

#include "memory_stress/operations.hpp"
#include "support/latency_histogram.hpp"

namespace bench {

/// Whether an error says that there was no memory.
bool isForMemory(const std::exception& error) noexcept;

/// What came of the operations of one thread, or of several.
struct Tally {
  std::array<LatencyHistogram, kKinds> latency;
  std::array<std::uint64_t, kKinds> completedOf{};
  std::array<std::uint64_t, kKinds> refusedOf{};  ///< Of the unexpected errors, those for want of memory.
  std::uint64_t completed = 0;
  std::uint64_t expectedErrors = 0;
  std::uint64_t allowedRefusals = 0;  ///< Of the expected errors, those for want of memory.
  std::uint64_t unexpectedErrors = 0;
  std::uint64_t uncertainWrites = 0;            ///< Failed, and yet they may be in the database.
  std::map<std::string, std::uint64_t> errors;  ///< By their code.
  std::string firstUnexpected;                  ///< But for want of memory; ...
  std::string firstRefusal;                     ///< ... and for want of it.

  std::uint64_t refused() const;
  std::uint64_t acknowledgedWrites() const;
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
    return attemptOr(
        kind, [](const std::exception&) { return false; }, operation);
  }

  /// An operation that may fail with what `isRight(const std::exception&)` takes for the right answer.
  template <typename Accept, typename F>
    requires std::is_invocable_r_v<bool, Accept&, const std::exception&>
  bool attemptOr(Kind kind, Accept&& isRight, F&& operation) {
    const auto start = std::chrono::steady_clock::now();
    try {
      operation();
    } catch (const std::exception& error) {
      isRight(error) ? expected(kind, error) : fail(kind, error);
      return false;
    }
    complete(kind, start);
    return true;
  }

  /// The same for one code, which is how a crowded pool says so.
  template <typename F>
  bool attemptOr(Kind kind, holdfast::ErrorCode code, F&& operation) {
    const auto isRight = [code](const std::exception& error) {
      const auto* ours = dynamic_cast<const holdfast::Error*>(&error);
      return ours != nullptr && ours->code() == code;
    };
    return attemptOr(kind, isRight, operation);
  }

  /// An operation that must fail with `code`.
  template <typename F>
  void expectError(holdfast::ErrorCode code, F&& operation) {
    const auto start = std::chrono::steady_clock::now();
    try {
      operation();
    } catch (const holdfast::Error& error) {
      if (error.code() != code) return fail(Kind::Fault, error);
      expected(Kind::Fault, error);
      return complete(Kind::Fault, start);
    } catch (const std::exception& error) {
      return fail(Kind::Fault, error);
    }
    failMissing(holdfast::toText(code));
  }

  /// What comes before the first operation: counts only when it fails.
  template <typename F>
  void prepare(F&& setUp) {
    try {
      setUp();
    } catch (const std::exception& error) {
      fail(Kind::Cycle, error);
    }
  }

  /// Something is wrong that no exception tells of.
  void fail(const std::string& what);

  const Tally& tally() const noexcept { return tally_; }
  /// Operations that ended so far, well or not. Any thread.
  std::uint64_t operations() const noexcept { return operations_.load(std::memory_order_relaxed); }

 private:
  void complete(Kind kind, std::chrono::steady_clock::time_point start) noexcept;
  void expected(Kind kind, const std::exception& error);
  void fail(Kind kind, const std::exception& error);
  void failMissing(std::string_view code);
  void note(Kind kind, const std::exception& error);
  void count() noexcept;

  // Alone on its cache line: the sampler reads it while the thread runs.
  alignas(64) std::atomic<std::uint64_t> operations_{0};
  alignas(64) Tally tally_;
};

}  // namespace bench
