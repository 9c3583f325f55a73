#include "support/thread_crew.hpp"

#include <utility>

namespace bench {

ThreadCrew::ThreadCrew(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this, i] { loop(i); });
}

ThreadCrew::~ThreadCrew() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

Round ThreadCrew::run(std::chrono::nanoseconds duration, const Work& work) {
  std::unique_lock lock(mutex_);
  work_ = &work;
  operations_ = 0;
  error_ = nullptr;
  busy_ = threads_.size();
  stop_.store(false, std::memory_order_relaxed);
  ++round_;
  const auto start = std::chrono::steady_clock::now();
  changed_.notify_all();
  lock.unlock();
  std::this_thread::sleep_for(duration);
  stop_.store(true, std::memory_order_relaxed);
  lock.lock();
  waitUntilIdle(lock);
  const auto elapsed = std::chrono::steady_clock::now() - start;
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  return {operations_, std::chrono::duration<double>(elapsed).count()};
}

void ThreadCrew::waitUntilIdle(std::unique_lock<std::mutex>& lock) {
  changed_.wait(lock, [this] { return busy_ == 0; });
}

void ThreadCrew::loop(std::size_t thread) {
  std::unique_lock lock(mutex_);
  std::uint64_t seen = 0;
  while (true) {
    changed_.wait(lock, [&] { return ended_ || round_ != seen; });
    if (ended_) return;
    seen = round_;
    const Work& work = *work_;
    lock.unlock();
    std::uint64_t done = 0;
    std::exception_ptr error;
    try {
      done = work(thread, stop_);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    operations_ += done;
    if (error) error_ = error;
    if (--busy_ == 0) changed_.notify_all();
  }
}

}  // namespace bench
