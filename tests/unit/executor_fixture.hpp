#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <holdfast/future.hpp>

#include "pool/executor.hpp"
#include "support/error_of.hpp"
#include "support/threads.hpp"

namespace holdfast::test {

inline Executor::TimePoint now() { return std::chrono::steady_clock::now(); }

/// Submits `work` and returns its result to come. It must be taken within the time.
template <typename F>
Future<std::invoke_result_t<F&>> submit(Executor& executor, F work) {
  detail::Promise<std::invoke_result_t<F&>> promise;
  auto future = promise.future();
  Task task([work = std::move(work), promise = std::move(promise)]() mutable { promise.fulfil(work); });
  REQUIRE(executor.submit(std::move(task), now() + kPatience));
  return future;
}

/// An executor of one thread that is kept busy, so that what is submitted waits in the queue.
struct Held {
  explicit Held(std::size_t capacity) : executor({.threads = 1, .capacity = capacity}) {
    detail::Promise<void> promise;
    Future<void> began = promise.future();
    running = submit(executor, [this, begun = std::move(promise)]() mutable {
      begun.setValue();
      gate.pass();
    });
    began.get();
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() { gate.open(); }

  Gate gate;
  Future<void> running;
  Executor executor;
};

}  // namespace holdfast::test
