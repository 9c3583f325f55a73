#include "pool/executor.hpp"

#include <algorithm>

#include <holdfast/error.hpp>

#include "core/port/process.hpp"
#include "core/port/thread_local.hpp"

namespace holdfast {
namespace {

/// What this thread is a worker of, and how many tasks submit() runs on it in each other.
constinit HOLDFAST_THREAD_LOCAL const Executor* workerOf = nullptr;
constinit HOLDFAST_THREAD_LOCAL int nesting = 0;

}  // namespace

void Task::run() noexcept {
  const std::unique_ptr<Node> node = std::move(node_);
  if (!node) return;
  try {
    node->call();
  } catch (...) {
  }
}

void TaskQueue::push(Task&& task) noexcept {
  Task::Node* const node = task.node_.release();
  (last_ != nullptr ? last_->next : first_) = node;
  last_ = node;
  ++size_;
}

Task TaskQueue::pop() noexcept {
  Task::Node* const node = first_;
  first_ = std::exchange(node->next, nullptr);
  if (first_ == nullptr) last_ = nullptr;
  --size_;
  return Task(node);
}

void TaskQueue::swap(TaskQueue& other) noexcept {
  std::swap(first_, other.first_);
  std::swap(last_, other.last_);
  std::swap(size_, other.size_);
}

Executor::Executor(ExecutorLimits limits, const char* threadName)
    : limits_{std::max<std::size_t>(limits.threads, 1), std::max<std::size_t>(limits.capacity, 1)},
      threadName_(threadName),
      generation_(port::forkGeneration()) {}

Executor::~Executor() { stop(false); }

bool Executor::submit(Task&& task, TimePoint deadline) {
  requireOwnProcess();
  {
    port::LockGuard guard(mutex_);
    startThreads();
    if (!full() || (!isWorkerThread() && waitForRoom(guard, deadline))) {
      push(std::move(task));
      return true;
    }
  }
  if (!isWorkerThread() || nesting == kMaxNesting) return false;
  ++nesting;
  task.run();
  --nesting;
  return true;
}

void Executor::beginStop() {
  requireOwnProcess();
  if (isWorkerThread()) {
    throw Error(ErrorCode::Misuse, "a thread of the executor cannot stop it: it would wait for itself");
  }
  const port::LockGuard guard(mutex_);
  stopped_ = true;
  taskCame_.notifyAll();
  roomCame_.notifyAll();
}

void Executor::drop() {
  TaskQueue dropped;  // Destroyed after the lock is let go.
  const port::LockGuard guard(mutex_);
  dropped.swap(queue_);
}

bool Executor::finish(TimePoint deadline) {
  beginStop();
  port::LockGuard guard(mutex_);
  while (inside_ != 0 && threadWent_.waitUntil(guard, deadline)) {
  }
  return inside_ == 0;
}

void Executor::stop(bool drain) {
  beginStop();
  if (!drain) drop();  // Before anything is waited for: what still runs may wait for something in the queue.
  std::vector<port::Thread> threads;  // Joined by whoever stops it first; others only see them leave.
  port::LockGuard guard(mutex_);
  while (inside_ != 0) threadWent_.wait(guard);
  threads.swap(threads_);
}

bool Executor::isWorkerThread() const noexcept { return workerOf == this; }

std::vector<std::uint64_t> Executor::threadIds() const {
  const port::LockGuard guard(mutex_);
  return threadIds_;
}

std::size_t Executor::pending() const {
  const port::LockGuard guard(mutex_);
  return queue_.size();
}

void Executor::requireOwnProcess() const {
  if (generation_ != port::forkGeneration()) {
    throw Error(ErrorCode::ForkedProcess, "the threads belong to the parent process");
  }
}

void Executor::requireRunning() const {
  if (stopped_) throw Error(ErrorCode::PoolClosed, "no more work is taken: the pool is closed, or being closed");
}

bool Executor::waitForRoom(port::LockGuard& guard, TimePoint deadline) {
  ++inside_;
  bool inTime = true;
  while (full() && !stopped_ && inTime) inTime = roomCame_.waitUntil(guard, deadline);
  --inside_;
  if (stopped_) threadWent_.notifyAll();
  requireRunning();
  return !full();  // Even where the time is over: the wake-up was for one waiter, and may have been this one's.
}

void Executor::push(Task&& task) {
  queue_.push(std::move(task));
  taskCame_.notifyOne();
}

void Executor::startThreads() {
  requireRunning();
  threads_.reserve(limits_.threads);
  threadIds_.reserve(limits_.threads);
  while (threads_.size() < limits_.threads) {
    try {
      threads_.emplace_back(threadName_, [this] { work(); });
      ++inside_;
    } catch (...) {
      if (threads_.empty()) throw;
      return;  // Those that there are will do; the next task tries again.
    }
  }
}

void Executor::work() {
  workerOf = this;
  {
    const port::LockGuard guard(mutex_);
    threadIds_.push_back(port::currentThreadId());
  }
  while (Task task = next()) task.run();
  const port::LockGuard guard(mutex_);
  std::erase(threadIds_, port::currentThreadId());
  --inside_;
  threadWent_.notifyAll();
}

Task Executor::next() {
  port::LockGuard guard(mutex_);
  while (queue_.empty()) {
    if (stopped_) return {};
    taskCame_.wait(guard);
  }
  roomCame_.notifyOne();
  return queue_.pop();
}

}  // namespace holdfast
