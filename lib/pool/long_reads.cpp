#include "pool/long_reads.hpp"

#include <utility>

#include <holdfast/error.hpp>

#include "core/text.hpp"

namespace holdfast {

LongReads::Turn::Turn(LongReads& all, Kind kind) : all_(all), kind_(kind) {
  const port::LockGuard guard(all_.mutex_);
  if (!all_.open_) throw Error(ErrorCode::PoolClosed, "the database is not open, or is being closed");
  for (const Turn* other = all_.first_; other != nullptr; other = other->next_) {
    if (kind == Kind::Backup && other->kind_ == Kind::Backup) {
      throw Error(ErrorCode::Busy, "another backup of the database is under way");
    }
  }
  stop_ = all_.stop_->get_token();
  next_ = all_.first_;
  all_.first_ = this;
}

LongReads::Turn::~Turn() {
  const port::LockGuard guard(all_.mutex_);
  for (Turn** at = &all_.first_; *at != nullptr; at = &(*at)->next_) {
    if (*at != this) continue;
    *at = next_;
    break;
  }
  all_.changed_.notifyAll();
}

void LongReads::Turn::holdsSnapshot(Connection::Impl* handle) noexcept {
  const port::LockGuard guard(all_.mutex_);
  handle_ = handle;
  since_ = std::chrono::steady_clock::now();
}

void LongReads::Turn::rest(SteadyTime until) {
  port::LockGuard guard(all_.mutex_);
  while (!stop_.stop_requested() && all_.changed_.waitUntil(guard, until)) {
  }
}

void LongReads::open() {
  const port::LockGuard guard(mutex_);
  stop_.emplace();
  open_ = true;
}

void LongReads::close() noexcept {
  {
    port::LockGuard guard(mutex_);
    open_ = false;
    due_.reset();
    if (stop_) stop_->request_stop();
    changed_.notifyAll();
    while (first_ != nullptr) changed_.wait(guard);
  }
  join();
}

void LongReads::join() noexcept {
  port::Thread ended;
  {
    const port::LockGuard guard(mutex_);
    ended = std::move(thread_);
  }
  if (ended.running()) ended.join();
}

bool LongReads::isCurrentThread() noexcept {
  const port::LockGuard guard(mutex_);
  if (thread_.isCurrent()) return true;
  const Turn* turn = first_;
  while (turn != nullptr && turn->thread_ != port::currentThreadId()) turn = turn->next_;
  return turn != nullptr;
}

std::string LongReads::endOld(std::chrono::milliseconds budget) {
  std::string names;
  const port::LockGuard guard(mutex_);
  const SteadyTime now = std::chrono::steady_clock::now();
  for (Turn* turn = first_; turn != nullptr; turn = turn->next_) {
    if (turn->handle_ == nullptr) continue;
    names += (names.empty() ? "" : "; ") + std::string(turn->kind_ == Kind::Backup ? "a backup" : "a check") + " for " +
             formatDuration(now - turn->since_);
    if (now - turn->since_ > budget) turn->handle_->revokedLease.store(turn->handle_->lease, std::memory_order_relaxed);
  }
  return names;
}

void LongReads::schedule(SteadyTime due) {
  const port::LockGuard guard(mutex_);
  if (open_) due_ = due;
}

bool LongReads::takeDue(SteadyTime now) noexcept {
  const port::LockGuard guard(mutex_);
  if (!open_ || !due_ || now < *due_) return false;
  due_.reset();
  return true;
}

void LongReads::runInBackground(std::function<void()> body) {
  join();  // The one before has scheduled this one as the last thing that it did.
  const port::LockGuard guard(mutex_);
  if (open_) thread_ = port::Thread("holdfast-backup", std::move(body));
}

}  // namespace holdfast
