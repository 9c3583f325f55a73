#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include <holdfast/observation.hpp>

#include "connection/change_log.hpp"
#include "core/port/mutex.hpp"
#include "core/port/thread.hpp"

namespace holdfast {

class ChangeObservers;

namespace detail {

/// One function and the tables that it is called for.
class Observer {
 public:
  /// Given the tables that are observed, which it changes where it has come to read others; also where it throws.
  using Function = std::function<void(TableSet& tables)>;

  Observer(Function function, TableSet tables) : function_(std::move(function)), tables_(tables) {}
  TableSet tables() const noexcept { return tables_.load(std::memory_order_relaxed); }
  void call();
  void stop() noexcept;
  bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }

 private:
  Function function_;
  std::atomic<TableSet> tables_;
  std::atomic<bool> stopped_{false};
  std::atomic<std::uint64_t> runningOn_{0};  // The thread's number.
  port::Mutex running_;
};

}  // namespace detail

/// Calls those who observe tables. Any thread, but for start() and stop(): one at a time.
class ChangeObservers final : public ChangeLog::Listener {
 public:
  /// `failed` is told what a function threw.
  explicit ChangeObservers(std::function<void(const char*)> failed) : failed_(std::move(failed)) {}

  void add(std::shared_ptr<detail::Observer> observer);
  void tablesChanged(TableSet tables) noexcept override;
  /// Calls are made on a thread of its own from here on, or only by deliver().
  void start(bool ownThread);
  /// Blocks for a call that is running.
  void stop() noexcept;
  /// The pool goes: nobody is called any more, and what their functions hold is let go.
  void stopAll() noexcept;
  /// Calls whom it concerns, on this thread.
  void deliver() noexcept;
  bool isCurrentThread() {
    const port::LockGuard guard(mutex_);
    return thread_.isCurrent();
  }

 private:
  using Observers = std::vector<std::shared_ptr<detail::Observer>>;
  void run();
  void startThread() HOLDFAST_REQUIRES(mutex_);

  const std::function<void(const char*)> failed_;
  std::atomic<TableSet> observed_{0};
  std::atomic<TableSet> pending_{0};
  port::Mutex mutex_;
  port::Condition changed_;
  Observers observers_ HOLDFAST_GUARDED_BY(mutex_);
  bool mayStart_ HOLDFAST_GUARDED_BY(mutex_) = false;
  bool stopping_ HOLDFAST_GUARDED_BY(mutex_) = false;
  port::Thread thread_;
};

}  // namespace holdfast
