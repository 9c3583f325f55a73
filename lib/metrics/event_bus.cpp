#include "metrics/event_bus.hpp"

#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace holdfast {
namespace {

void reportFailure(Logger& logger, const Event& event, std::string_view what) noexcept {
  try {
    logger.log(LogLevel::Error, "event",
               std::string("a listener threw on ").append(toText(event.kind)).append(": ").append(what));
  } catch (const std::bad_alloc&) {
    logger.log(LogLevel::Error, "event", "a listener threw");
  }
}

}  // namespace

EventBus::EventBus() : subscriptions_(std::make_shared<const Subscriptions>()) {}

SubscriptionId EventBus::subscribe(std::function<void(const Event&)> listener) {
  const auto subscription = std::make_shared<Subscription>();
  subscription->listener = std::move(listener);
  std::shared_ptr<const Subscriptions> old;  // Goes after the lock does.
  const port::LockGuard guard(mutex_);
  auto changed = std::make_shared<Subscriptions>(*subscriptions_);
  subscription->id = SubscriptionId{++lastId_};
  changed->push_back(subscription);
  old = std::exchange(subscriptions_, std::move(changed));
  return subscription->id;
}

void EventBus::unsubscribe(SubscriptionId id) {
  // With the last list that holds it the listener goes, and whatever the application has put into it: not locked.
  std::shared_ptr<const Subscriptions> old;
  const port::LockGuard guard(mutex_);
  auto changed = std::make_shared<Subscriptions>(*subscriptions_);
  std::erase_if(*changed, [id](const std::shared_ptr<Subscription>& subscription) {
    if (subscription->id != id) return false;
    subscription->active.store(false);
    return true;
  });
  old = std::exchange(subscriptions_, std::move(changed));
}

void EventBus::publish(const Event& event, Logger& logger) const noexcept {
  std::shared_ptr<const Subscriptions> subscriptions;
  {
    const port::LockGuard guard(mutex_);
    subscriptions = subscriptions_;
  }
  for (const std::shared_ptr<Subscription>& subscription : *subscriptions) {
    if (!subscription->active.load()) continue;
    try {
      subscription->listener(event);
    } catch (const std::exception& error) {
      reportFailure(logger, event, error.what());
    } catch (...) {
      reportFailure(logger, event, "not a std::exception");
    }
  }
}

}  // namespace holdfast
