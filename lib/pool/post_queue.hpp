#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include <holdfast/post.hpp>

#include "core/port/mutex.hpp"
#include "core/port/thread.hpp"

namespace holdfast {

/// Work that was posted and waits for a transaction to take it along, in the order of coming. Any thread.
class PostQueue {
 public:
  PostQueue() = default;
  PostQueue(const PostQueue&) = delete;
  PostQueue& operator=(const PostQueue&) = delete;
  ~PostQueue() { take(); }

  using Tasks = std::vector<std::unique_ptr<detail::PostedTask>>;
  using Time = std::chrono::steady_clock::time_point;
  struct Bounds {
    std::size_t batch = 0;              ///< So many are due at once, ...
    std::int64_t bytes = 0;             ///< ... or so many bytes, ...
    std::chrono::milliseconds delay{};  ///< ... or after so long.
    std::size_t capacity = 0;           ///< Pieces that may wait.
  };

  void reset(const Bounds& bounds);
  /// Queues it, waiting for room until `deadline`. False where there was none, or the queue is closed: the task stays
  /// with the caller.
  bool push(std::unique_ptr<detail::PostedTask>& task, Time deadline);
  /// The first ones that are queued, so many at most.
  Tasks take(std::size_t most = static_cast<std::size_t>(-1));
  /// Those whose deadline has passed, or that are to stop, wherever they are in the queue. Where there is no memory for
  /// it they stay.
  Tasks takeOverdue() noexcept;
  /// Puts back what could not be carried out, before what has come since. Null ones are left out. Where there is no
  /// memory for it the futures report PoolClosed.
  void putBack(Tasks tasks) noexcept;
  bool empty() const noexcept { return count_.load(std::memory_order_acquire) == 0; }
  std::size_t size() const noexcept { return count_.load(std::memory_order_relaxed); }
  std::int64_t bytes() const {
    const port::LockGuard guard(mutex_);
    return bytes_;
  }
  /// Of all queues of the process.
  static std::int64_t totalBytes() noexcept { return totalBytes_.load(std::memory_order_relaxed); }
  /// What the pieces of all queues may hold together, in bytes. One piece may always wait in each.
  static void boundTotal(std::int64_t bytes) noexcept { mostBytes_.store(bytes, std::memory_order_relaxed); }
  bool hasRoomFor(const detail::PostedTask& task) const;
  /// Whether the queue is long, large or old enough, somebody waits for room, or half of the time of a piece with a
  /// deadline has gone.
  bool due() const;
  /// Blocks until it is. False once the queue is closed.
  bool awaitDue();
  /// Nothing is taken any more; everybody who waits is told.
  void close();

  bool closed() const;
  /// So many were queued since reset().
  std::uint64_t pushed() const;

  /// Starts the thread that writes what is due, unless it runs or the queue is closed.
  void startThread(std::function<void()> body);
  bool isCurrentThread() const;
  /// After close().
  void joinThread();

 private:
  bool dueNow() const HOLDFAST_REQUIRES(mutex_);
  bool isFullFor(std::int64_t bytes) const HOLDFAST_REQUIRES(mutex_);
  void count(std::int64_t bytes) HOLDFAST_REQUIRES(mutex_);

  mutable port::Mutex mutex_;
  port::Condition came_;
  port::Condition went_;
  Tasks tasks_ HOLDFAST_GUARDED_BY(mutex_);
  std::int64_t bytes_ HOLDFAST_GUARDED_BY(mutex_) = 0;
  std::size_t waiting_ HOLDFAST_GUARDED_BY(mutex_) = 0;  // For room.
  Time dueAt_ HOLDFAST_GUARDED_BY(mutex_){};
  std::uint64_t pushed_ HOLDFAST_GUARDED_BY(mutex_) = 0;
  Bounds bounds_ HOLDFAST_GUARDED_BY(mutex_);
  bool closed_ HOLDFAST_GUARDED_BY(mutex_) = true;
  port::Thread thread_ HOLDFAST_GUARDED_BY(mutex_);
  std::atomic<std::size_t> count_{0};
  inline static constinit std::atomic<std::int64_t> totalBytes_{0};
  inline static constinit std::atomic<std::int64_t> mostBytes_{std::numeric_limits<std::int64_t>::max()};
};

}  // namespace holdfast
