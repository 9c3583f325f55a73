#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include <holdfast/memory_signals.hpp>

#include "core/port/mutex.hpp"
#include "policy/memory_stages.hpp"

namespace holdfast {

/// Which stage each source asks of one pool. Any thread; what every transaction looks at needs no lock.
class MemoryWatch {
 public:
  void reset() noexcept {
    const port::LockGuard guard(mutex_);
    demands_ = {};
    policy_ = {};
    heap_.store(MemoryStage::Normal, std::memory_order_relaxed);
    publish();
  }
  MemoryStage heap() const noexcept { return heap_.load(std::memory_order_relaxed); }
  /// Whether anybody but the heap asks for more than Normal.
  bool isAsked() const noexcept { return asked_.load(std::memory_order_relaxed) != MemoryStage::Normal; }
  bool refusesTransactions() const noexcept {
    return heap() == MemoryStage::Critical || refuses_.load(std::memory_order_relaxed);
  }
  /// Returns the highest stage that is asked for then.
  MemoryStage setHeap(MemoryStage stage) noexcept {
    heap_.store(stage, std::memory_order_relaxed);
    return std::max(stage, asked_.load(std::memory_order_relaxed));
  }
  void setApplication(MemoryStage stage) noexcept {
    const port::LockGuard guard(mutex_);
    demands_.set(MemorySource::Application, stage);
    publish();
  }
  void setSignals(const MemorySignals& signals, std::int64_t residentLimit) {
    const port::LockGuard guard(mutex_);
    policy_.judge(signals, residentLimit, demands_);
    publish();
  }
  StageDemands demands() const noexcept {
    const port::LockGuard guard(mutex_);
    StageDemands all = demands_;
    all.set(MemorySource::Heap, heap());
    return all;
  }

 private:
  void publish() noexcept HOLDFAST_REQUIRES(mutex_) {
    asked_.store(demands_.highest(), std::memory_order_relaxed);
    refuses_.store(demands_.refusesTransactions(), std::memory_order_relaxed);
  }

  mutable port::Mutex mutex_;
  StageDemands demands_ HOLDFAST_GUARDED_BY(mutex_);  // The heap's is not in it.
  SignalPolicy policy_ HOLDFAST_GUARDED_BY(mutex_);
  std::atomic<MemoryStage> heap_{MemoryStage::Normal};
  std::atomic<MemoryStage> asked_{MemoryStage::Normal};
  std::atomic<bool> refuses_{false};
};

}  // namespace holdfast
