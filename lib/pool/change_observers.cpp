#include "pool/change_observers.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

namespace holdfast {

namespace detail {

void Observer::call() {
  if (runningOn_ == port::currentThreadId()) return;  // tick() inside of it.
  Function gone;                                      // Goes after the lock.
  const port::LockGuard guard(running_);
  if (stopped()) return;
  struct Running {
    Observer& observer;
    Function& gone;
    TableSet tables;
    Running(Observer& of, Function& to) noexcept : observer(of), gone(to), tables(of.tables()) {
      of.runningOn_ = port::currentThreadId();
    }
    ~Running() {
      observer.tables_ = tables;
      observer.runningOn_ = 0;
      if (observer.stopped()) gone.swap(observer.function_);
    }
  } running(*this, gone);
  function_(running.tables);
}

void Observer::stop() noexcept {
  stopped_ = true;
  if (runningOn_ == port::currentThreadId()) return;  // call() lets go of it.
  Function gone;
  const port::LockGuard guard(running_);
  gone.swap(function_);
}

}  // namespace detail

Observation::Observation(std::shared_ptr<detail::Observer> observer) noexcept : observer_(std::move(observer)) {}

Observation::Observation(Observation&& other) noexcept = default;

Observation& Observation::operator=(Observation&& other) noexcept {
  if (this != &other) {
    stop();
    observer_ = std::move(other.observer_);
  }
  return *this;
}

Observation::~Observation() { stop(); }

void Observation::stop() noexcept {
  if (observer_ == nullptr) return;
  observer_->stop();
  observer_.reset();
}

void ChangeObservers::add(std::shared_ptr<detail::Observer> observer) {
  Observers gone;  // Destroyed without the lock: with them goes what their functions hold.
  const port::LockGuard guard(mutex_);
  const auto stopped =
      std::partition(observers_.begin(), observers_.end(), [](const auto& known) { return !known->stopped(); });
  gone.assign(std::make_move_iterator(stopped), std::make_move_iterator(observers_.end()));
  observers_.erase(stopped, observers_.end());
  observers_.push_back(std::move(observer));
  observed_.fetch_or(observers_.back()->tables());
  if (mayStart_ && !thread_.running()) startThread();
}

void ChangeObservers::tablesChanged(TableSet tables) noexcept {
  if ((tables & observed_.load()) == 0) return;
  pending_.fetch_or(tables);
  // Under the lock, so that it does not come between a look at `pending_` and the sleep.
  const port::LockGuard guard(mutex_);
  changed_.notifyOne();
}

void ChangeObservers::start(bool ownThread) {
  const port::LockGuard guard(mutex_);
  mayStart_ = ownThread;
  stopping_ = false;
  pending_ = 0;
  if (mayStart_ && !observers_.empty()) startThread();
}

void ChangeObservers::startThread() {
  thread_ = port::Thread("holdfast-watch", [this] { run(); });
}

void ChangeObservers::stop() noexcept {
  {
    const port::LockGuard guard(mutex_);
    mayStart_ = false;
    stopping_ = true;
    changed_.notifyAll();
  }
  thread_.join();
}

void ChangeObservers::stopAll() noexcept {
  Observers all;
  {
    const port::LockGuard guard(mutex_);
    all.swap(observers_);
  }
  for (const auto& observer : all) observer->stop();
}

void ChangeObservers::run() {
  while (true) {
    {
      port::LockGuard guard(mutex_);
      while (!stopping_ && pending_.load() == 0) changed_.wait(guard);
      if (stopping_) return;
    }
    deliver();
  }
}

void ChangeObservers::deliver() noexcept {
  const TableSet changed = pending_.exchange(0);
  if (changed == 0) return;
  Observers concerned;
  try {
    const port::LockGuard guard(mutex_);
    TableSet observed = 0;
    for (const auto& observer : observers_) {
      if (observer->stopped()) continue;
      observed |= observer->tables();
      if ((observer->tables() & changed) != 0) concerned.push_back(observer);
    }
    observed_ = observed;
  } catch (const std::bad_alloc&) {
    constexpr std::chrono::milliseconds kUntilThereIsMemory{10};
    pending_.fetch_or(changed);
    port::sleepFor(kUntilThereIsMemory);
    return;
  }
  for (const auto& observer : concerned) {
    const TableSet before = observer->tables();
    try {
      observer->call();
    } catch (const std::exception& failure) {
      failed_(failure.what());
    } catch (...) {
      failed_("something that is no std::exception");
    }
    // It may read other tables now, and nobody has told it of changes to them since it did.
    const TableSet fresh = observer->tables() & ~before;
    observed_.fetch_or(fresh);
    pending_.fetch_or(fresh);
  }
}

}  // namespace holdfast
