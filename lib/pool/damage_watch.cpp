#include "pool/damage_watch.hpp"

#include <algorithm>

namespace holdfast {

void DamageWatch::start(Clock::Duration firstPause) {
  const port::LockGuard guard(mutex_);
  stage_ = Stage::None;
  firstPause_ = pause_ = firstPause;
  dueAt_ = {};
  last_.reset();
}

void DamageWatch::suspect(Clock::TimePoint now) noexcept {
  const port::LockGuard guard(mutex_);
  if (stage_ != Stage::None) return;
  stage_ = Stage::Suspected;
  metAt_ = std::chrono::steady_clock::now();
  dueAt_ = std::max(dueAt_, now);
}

bool DamageWatch::isDue(Clock::TimePoint now) const noexcept {
  if (!isSuspected()) return false;
  const port::LockGuard guard(mutex_);
  return now >= dueAt_;
}

bool DamageWatch::takeDue(Clock::TimePoint now) noexcept {
  if (!isSuspected()) return false;
  const port::LockGuard guard(mutex_);
  if (stage_ != Stage::Suspected || now < dueAt_) return false;
  stage_ = Stage::Looking;
  return true;
}

void DamageWatch::clear(Clock::TimePoint now, Clock::Duration took) noexcept {
  const port::LockGuard guard(mutex_);
  stage_ = Stage::None;
  pause_ = firstPause_;
  dueAt_ = now + took;
}

void DamageWatch::postpone(Clock::TimePoint now) noexcept {
  constexpr int kMostPauses = 64;
  const port::LockGuard guard(mutex_);
  stage_ = Stage::Suspected;
  dueAt_ = now + pause_;
  pause_ = std::min(pause_ * 2, firstPause_ * kMostPauses);
}

void DamageWatch::leaveAlone() noexcept {
  const port::LockGuard guard(mutex_);
  stage_ = Stage::LeftAlone;
}

SteadyTime DamageWatch::metAt() const noexcept {
  const port::LockGuard guard(mutex_);
  return metAt_;
}

void DamageWatch::note(const RecoveryReport& report) {
  const port::LockGuard guard(mutex_);
  last_ = report;
}

std::optional<RecoveryReport> DamageWatch::lastRecovery() const {
  const port::LockGuard guard(mutex_);
  return last_;
}

}  // namespace holdfast
