#include "pool/post_queue.hpp"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

namespace holdfast {

namespace detail {

PostedStatement::PostedStatement(const Sql& sql, std::span<const ValueView> values) : sql_(sql) {
  values_.reserve(values.size());
  bytes = static_cast<std::int64_t>(sizeof(*this) + values.size() * sizeof(Value));
  for (const ValueView& value : values) {
    values_.emplace_back(value);
    if (value.type() == ValueType::Text) bytes += static_cast<std::int64_t>(value.text().size());
    if (value.type() == ValueType::Blob) bytes += static_cast<std::int64_t>(value.blob().size());
  }
}

void PostedStatement::run(Transaction& tx) { result_ = tx.run(sql_, values_); }

}  // namespace detail

void PostQueue::reset(const Bounds& bounds) {
  const port::LockGuard guard(mutex_);
  bounds_ = bounds;
  pushed_ = 0;
  closed_ = false;
}

bool PostQueue::push(std::unique_ptr<detail::PostedTask>& task, Time deadline) {
  port::LockGuard guard(mutex_);
  const std::int64_t bytes = task->bytes;
  if (!closed_ && isFullFor(bytes)) {
    ++waiting_;
    came_.notifyOne();
    while (!closed_ && isFullFor(bytes) && went_.waitUntil(guard, deadline)) {
    }
    --waiting_;
  }
  if (closed_ || isFullFor(bytes)) return false;
  const Time taskDeadline = task->deadline;
  tasks_.push_back(std::move(task));
  ++pushed_;
  bool sooner = tasks_.size() == 1;
  if (sooner || taskDeadline != Time::max()) {
    const Time now = std::chrono::steady_clock::now();
    // Half of the time that a piece has is left for carrying it out.
    const Time dueAt = now + std::min<Time::duration>(bounds_.delay, (taskDeadline - now) / 2);
    sooner = sooner || dueAt < dueAt_;
    if (sooner) dueAt_ = dueAt;
  }
  count(bytes);
  // One that is due sooner moves the clock of whoever waits, the one that makes it due ends the wait.
  if (sooner || tasks_.size() >= std::min(bounds_.batch, bounds_.capacity) || bytes_ >= bounds_.bytes) {
    came_.notifyOne();
  }
  return true;
}

PostQueue::Tasks PostQueue::take(std::size_t most) {
  const port::LockGuard guard(mutex_);
  Tasks taken;
  if (tasks_.size() <= most) {
    taken.swap(tasks_);
    count(-bytes_);
  } else {
    const auto end = tasks_.begin() + static_cast<Tasks::difference_type>(most);
    taken.assign(std::make_move_iterator(tasks_.begin()), std::make_move_iterator(end));
    tasks_.erase(tasks_.begin(), end);
    for (const auto& task : taken) count(-task->bytes);
  }
  went_.notifyAll();
  return taken;
}

PostQueue::Tasks PostQueue::takeOverdue() noexcept {
  const Time now = std::chrono::steady_clock::now();
  const auto isOverdue = [now](const auto& task) { return task->deadline <= now || task->cancel.stop_requested(); };
  const port::LockGuard guard(mutex_);
  Tasks taken;
  try {
    taken.reserve(static_cast<std::size_t>(std::count_if(tasks_.begin(), tasks_.end(), isOverdue)));
  } catch (const std::bad_alloc&) {
    return taken;
  }
  for (auto& task : tasks_) {
    if (taken.size() == taken.capacity() || !isOverdue(task)) continue;
    taken.push_back(std::move(task));
  }
  std::erase(tasks_, nullptr);
  for (const auto& task : taken) count(-task->bytes);
  if (!taken.empty()) went_.notifyAll();
  return taken;
}

void PostQueue::putBack(Tasks tasks) noexcept {
  std::erase(tasks, nullptr);
  if (tasks.empty()) return;
  const port::LockGuard guard(mutex_);
  if (tasks_.empty()) dueAt_ = std::chrono::steady_clock::now() + bounds_.delay;
  try {
    const std::size_t returned = tasks.size();
    tasks.insert(tasks.end(), std::make_move_iterator(tasks_.begin()), std::make_move_iterator(tasks_.end()));
    tasks_.swap(tasks);
    for (std::size_t i = 0; i < returned; ++i) count(tasks_[i]->bytes);
  } catch (const std::bad_alloc&) {
    // Dropped.
  }
  came_.notifyOne();
}

void PostQueue::count(std::int64_t bytes) {
  bytes_ += bytes;
  totalBytes_.fetch_add(bytes, std::memory_order_relaxed);
  count_.store(tasks_.size(), std::memory_order_release);
}

bool PostQueue::isFullFor(std::int64_t bytes) const {
  if (tasks_.empty()) return bounds_.capacity == 0;
  return tasks_.size() >= bounds_.capacity || bytes > mostBytes_.load(std::memory_order_relaxed) - totalBytes();
}

bool PostQueue::hasRoomFor(const detail::PostedTask& task) const {
  const port::LockGuard guard(mutex_);
  return !isFullFor(task.bytes);
}

bool PostQueue::dueNow() const {
  return tasks_.size() >= std::min(bounds_.batch, bounds_.capacity) || bytes_ >= bounds_.bytes ||
         (!tasks_.empty() && (waiting_ > 0 || std::chrono::steady_clock::now() >= dueAt_));
}

bool PostQueue::due() const {
  const port::LockGuard guard(mutex_);
  return dueNow();
}

bool PostQueue::awaitDue() {
  port::LockGuard guard(mutex_);
  while (!closed_ && !dueNow()) {
    if (tasks_.empty()) {
      came_.wait(guard);
    } else {
      came_.waitUntil(guard, dueAt_);
    }
  }
  return !closed_;
}

void PostQueue::close() {
  const port::LockGuard guard(mutex_);
  closed_ = true;
  came_.notifyAll();
  went_.notifyAll();
}

bool PostQueue::closed() const {
  const port::LockGuard guard(mutex_);
  return closed_;
}

void PostQueue::startThread(std::function<void()> body) {
  const port::LockGuard guard(mutex_);
  if (!closed_ && !thread_.running()) thread_ = port::Thread("holdfast-post", std::move(body));
}

void PostQueue::joinThread() {
  port::Thread ending;
  const port::LockGuard guard(mutex_);
  ending = std::move(thread_);
}

std::uint64_t PostQueue::pushed() const {
  const port::LockGuard guard(mutex_);
  return pushed_;
}

bool PostQueue::isCurrentThread() const {
  const port::LockGuard guard(mutex_);
  return thread_.isCurrent();
}

}  // namespace holdfast
