#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/port/mutex.hpp"
#include "core/port/thread.hpp"

namespace holdfast {

/// Something to be called once. Owns what it calls, which may be move-only: one allocation.
class Task {
 public:
  Task() noexcept = default;
  template <typename F>
    requires(!std::same_as<std::remove_cvref_t<F>, Task> && std::invocable<std::decay_t<F>&>)
  explicit Task(F&& work) : node_(std::make_unique<Work<std::decay_t<F>>>(std::forward<F>(work))) {}

  explicit operator bool() const noexcept { return node_ != nullptr; }
  /// Calls it and destroys it; the task is empty then. What it throws is dropped: it reports through its promise.
  void run() noexcept;

 private:
  friend class TaskQueue;

  struct Node {
    Node() noexcept = default;
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    virtual ~Node() = default;
    virtual void call() = 0;
    Node* next = nullptr;
  };
  template <typename F>
  struct Work final : Node {
    template <typename Source>
    explicit Work(Source&& source) : work(std::forward<Source>(source)) {}
    void call() override { std::invoke(work); }
    F work;
  };

  explicit Task(Node* node) noexcept : node_(node) {}

  std::unique_ptr<Node> node_;
};

/// Tasks in the order of coming. Allocates nothing. Not synchronised.
class TaskQueue {
 public:
  TaskQueue() noexcept = default;
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;
  /// Destroys what is left, first come first.
  ~TaskQueue() {
    while (!empty()) pop();
  }

  bool empty() const noexcept { return first_ == nullptr; }
  std::size_t size() const noexcept { return size_; }
  void push(Task&& task) noexcept;
  /// The first one; the queue must not be empty.
  Task pop() noexcept;
  void swap(TaskQueue& other) noexcept;

 private:
  Task::Node* first_ = nullptr;
  Task::Node* last_ = nullptr;
  std::size_t size_ = 0;
};

struct ExecutorLimits {
  std::size_t threads = 1;    ///< At least 1.
  std::size_t capacity = 64;  ///< Tasks that may wait for a thread. At least 1.
};

/// Threads that run tasks in the order of coming, from a queue with a bound.
///
/// The threads are started by the first task. Tasks run, and are destroyed, under no lock. Every call may be made from
/// any thread. In a child of fork() submitting and stopping are Error{ForkedProcess}, and the object must be leaked
/// there: its threads do not exist.
class Executor {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// How deep tasks that submit() runs at once may lie in each other.
  static constexpr int kMaxNesting = 8;

  explicit Executor(ExecutorLimits limits, const char* threadName = "holdfast-async");
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  /// stop(false). Not from one of its own threads.
  ~Executor();

  /// Queues the task, which must not be empty, waiting for room until `deadline` at the longest. False where there was
  /// none; the caller still has the task then. One of the executor's own threads never waits: where there is no room
  /// it runs the task at once, before submit() returns, or gets false where kMaxNesting such tasks lie in each other.
  /// Who waits for room is served in no particular order. Throws Error{PoolClosed} after stop(), also while it waits;
  /// Error{MemoryLimit} where not one thread could be started.
  bool submit(Task&& task, TimePoint deadline);

  /// Nothing is taken any more. Waits until everything that is queued has run and no thread is left, until `deadline`
  /// at the longest; returns whether that is so. Throws as stop() does.
  bool finish(TimePoint deadline);
  /// Destroys what is queued, unrun, on this thread.
  void drop();
  /// Ends it: nothing is taken any more, and when it returns no task runs and no thread is left. With `drain` what is
  /// queued is run first, without a limit of time; a stop(false) meanwhile cuts that short. Otherwise what is queued is
  /// destroyed unrun, on this thread; what runs already is waited for. Stopping what is stopped does nothing. Throws
  /// Error{Misuse} on one of its own threads, which would wait for itself.
  void stop(bool drain);

  bool isWorkerThread() const noexcept;
  /// The kernel's numbers of the threads that run.
  std::vector<std::uint64_t> threadIds() const;
  /// Tasks that wait for a thread.
  std::size_t pending() const;

 private:
  void requireOwnProcess() const;
  void beginStop();
  bool waitForRoom(port::LockGuard& guard, TimePoint deadline) HOLDFAST_REQUIRES(mutex_);
  void requireRunning() const HOLDFAST_REQUIRES(mutex_);
  bool full() const HOLDFAST_REQUIRES(mutex_) { return queue_.size() >= limits_.capacity; }
  void push(Task&& task) HOLDFAST_REQUIRES(mutex_);
  void startThreads() HOLDFAST_REQUIRES(mutex_);
  void work();
  /// Empty: the thread should end.
  Task next();

  const ExecutorLimits limits_;
  const char* const threadName_;
  const std::uint32_t generation_;

  mutable port::Mutex mutex_;
  port::Condition taskCame_;
  port::Condition roomCame_;
  port::Condition threadWent_;
  TaskQueue queue_ HOLDFAST_GUARDED_BY(mutex_);
  std::vector<port::Thread> threads_ HOLDFAST_GUARDED_BY(mutex_);
  std::vector<std::uint64_t> threadIds_ HOLDFAST_GUARDED_BY(mutex_);
  /// Threads of our own, and callers that wait for room: stop() sees them all leave.
  std::size_t inside_ HOLDFAST_GUARDED_BY(mutex_) = 0;
  bool stopped_ HOLDFAST_GUARDED_BY(mutex_) = false;
};

}  // namespace holdfast
