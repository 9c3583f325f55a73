#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <holdfast/connection_config.hpp>
#include <holdfast/future.hpp>
#include <holdfast/stop_token.hpp>
#include <holdfast/transaction.hpp>

namespace holdfast {

struct PostOptions {
  /// When the future completes: once the change is so durable. Nothing: the database's.
  std::optional<Durability> durability = {};
  /// Work that has not begun by then fails with Error{Timeout}; a statement of it that still runs then is ended, and
  /// the work undone. The COMMIT is waited for. Nothing: no bound.
  std::optional<std::chrono::milliseconds> timeout = {};
  /// The same with Error{Interrupted} once a stop is requested.
  StopToken cancel = {};
};

namespace detail {

/// Work that somebody else will carry out in a transaction. One thread at a time uses it.
class PostedTask {
 public:
  PostedTask() = default;
  PostedTask(const PostedTask&) = delete;
  PostedTask& operator=(const PostedTask&) = delete;
  virtual ~PostedTask() = default;

  /// Throws what the work throws: it has failed then. May be called again where the whole transaction was undone.
  virtual void run(Transaction& tx) = 0;
  /// Completes the future. Resumes the coroutine that awaits it.
  virtual void succeed() noexcept = 0;
  virtual void fail(std::exception_ptr why) noexcept = 0;

  void setOptions(const PostOptions& options) {
    durability = options.durability;
    if (options.timeout) deadline = std::chrono::steady_clock::now() + std::min(*options.timeout, kLongestTimeout);
    cancel = options.cancel;
  }

  std::int64_t bytes = 0;  ///< What it holds, about: not what a callable points to.
  std::optional<Durability> durability;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  StopToken cancel;
  int attempts = 0;
  std::exception_ptr failure;  ///< Of the last run.

 private:
  /// Adding the longest duration there is to a time would overflow.
  static constexpr std::chrono::milliseconds kLongestTimeout = std::chrono::hours{24 * 365};
};

template <typename F, typename R = std::invoke_result_t<F&, Transaction&>>
class PostedWork final : public PostedTask {
 public:
  explicit PostedWork(F work) : work_(std::move(work)) { bytes = static_cast<std::int64_t>(sizeof(*this)); }
  Future<R> future() { return promise_.future(); }

  void run(Transaction& tx) override {
    if constexpr (std::is_void_v<R>) {
      std::invoke(work_, tx);
    } else {
      result_.emplace(std::invoke(work_, tx));
    }
  }
  void succeed() noexcept override {
    if constexpr (std::is_void_v<R>) {
      promise_.setValue();
    } else {
      promise_.setValue(std::move(*result_));
    }
  }
  void fail(std::exception_ptr why) noexcept override { promise_.setException(std::move(why)); }

 private:
  struct Nothing {};
  F work_;
  std::optional<std::conditional_t<std::is_void_v<R>, Nothing, R>> result_;
  Promise<R> promise_;
};

/// A call for one of the pool's own threads.
class AsyncTask {
 public:
  AsyncTask() = default;
  AsyncTask(const AsyncTask&) = delete;
  AsyncTask& operator=(const AsyncTask&) = delete;
  virtual ~AsyncTask() = default;
  virtual void run() = 0;
};

template <typename F, typename R>
class AsyncCall final : public AsyncTask {
 public:
  AsyncCall(F call, Promise<R> promise) : call_(std::move(call)), promise_(std::move(promise)) {}
  void run() override { promise_.fulfil(call_); }

 private:
  F call_;
  Promise<R> promise_;
};

/// A statement with copies of its values.
class PostedStatement final : public PostedTask {
 public:
  PostedStatement(const Sql& sql, std::span<const ValueView> values);
  Future<RunResult> future() { return promise_.future(); }
  void run(Transaction& tx) override;
  void succeed() noexcept override { promise_.setValue(result_); }
  void fail(std::exception_ptr why) noexcept override { promise_.setException(std::move(why)); }

 private:
  Sql sql_;
  std::vector<Value> values_;
  RunResult result_;
  Promise<RunResult> promise_;
};

}  // namespace detail
}  // namespace holdfast
