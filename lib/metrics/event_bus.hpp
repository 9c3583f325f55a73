#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <holdfast/event.hpp>
#include <holdfast/logger.hpp>

#include "core/port/mutex.hpp"

namespace holdfast {

/// Hands events to listeners on the publishing thread, under no lock.
class EventBus {
 public:
  EventBus();

  SubscriptionId subscribe(std::function<void(const Event&)> listener);
  void unsubscribe(SubscriptionId id);
  /// Calls every listener. What one throws is logged, and the others are still called.
  void publish(const Event& event, Logger& logger) const noexcept;

 private:
  struct Subscription {
    SubscriptionId id;
    std::function<void(const Event&)> listener;
    /// Cleared by unsubscribe(), which a publish() under way must notice: it goes by an older list.
    std::atomic<bool> active{true};
  };
  using Subscriptions = std::vector<std::shared_ptr<Subscription>>;

  mutable port::Mutex mutex_;
  /// Replaced as a whole, so that publish() needs the lock only to take a reference.
  std::shared_ptr<const Subscriptions> subscriptions_ HOLDFAST_GUARDED_BY(mutex_);
  std::uint64_t lastId_ HOLDFAST_GUARDED_BY(mutex_) = 0;
};

}  // namespace holdfast
