#include "metrics/event_bus.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/port/thread.hpp"
#include "support/failing_allocation.hpp"

using holdfast::Event;
using holdfast::EventBus;
using holdfast::EventKind;
using holdfast::LogLevel;
using holdfast::SubscriptionId;
using holdfast::toText;
using holdfast::test::FailingAllocation;

namespace {

struct MemoryLogger final : holdfast::Logger {
  void log(LogLevel, std::string_view component, std::string_view message) noexcept override {
    failing.reset();
    lines.push_back(std::string(component).append(": ").append(message));
  }
  std::optional<FailingAllocation> failing;
  std::vector<std::string> lines;
};

Event eventOf(EventKind kind) {
  Event event;
  event.kind = kind;
  return event;
}

}  // namespace

TEST_SUITE("metrics/event_bus") {
  TEST_CASE("every listener gets the event in the order of subscribing") {
    EventBus bus;
    MemoryLogger logger;
    std::string calls;
    bus.subscribe([&calls](const Event& event) { calls.append("1").append(toText(event.kind)); });
    bus.subscribe([&calls](const Event&) { calls += " 2"; });
    bus.publish(eventOf(EventKind::Checkpoint), logger);
    CHECK(calls == "1checkpoint 2");
    CHECK(logger.lines.empty());
  }

  TEST_CASE("publishing to nobody does nothing") {
    MemoryLogger logger;
    EventBus().publish(eventOf(EventKind::Closed), logger);
    CHECK(logger.lines.empty());
  }

  TEST_CASE("what has unsubscribed is not called any more and the others are") {
    EventBus bus;
    MemoryLogger logger;
    int first = 0;
    int second = 0;
    const SubscriptionId id = bus.subscribe([&first](const Event&) { ++first; });
    bus.subscribe([&second](const Event&) { ++second; });
    bus.unsubscribe(id);
    bus.unsubscribe(id);
    bus.unsubscribe(SubscriptionId{99});
    bus.publish(eventOf(EventKind::Closed), logger);
    CHECK(first == 0);
    CHECK(second == 1);
  }

  TEST_CASE("unsubscribing takes effect on an event that is being published") {
    EventBus bus;
    MemoryLogger logger;
    SubscriptionId second{};
    int calls = 0;
    bus.subscribe([&bus, &second](const Event&) { bus.unsubscribe(second); });
    second = bus.subscribe([&calls](const Event&) { ++calls; });
    bus.publish(eventOf(EventKind::Closed), logger);
    CHECK(calls == 0);
  }

  TEST_CASE("a listener may subscribe others and itself go") {
    EventBus bus;
    MemoryLogger logger;
    SubscriptionId self{};
    int calls = 0;
    self = bus.subscribe([&](const Event&) {
      bus.subscribe([&calls](const Event&) { ++calls; });
      bus.unsubscribe(self);
    });
    bus.publish(eventOf(EventKind::Closed), logger);
    CHECK(calls == 0);
    bus.publish(eventOf(EventKind::Closed), logger);
    CHECK(calls == 1);
  }

  TEST_CASE("what a listener throws is logged and the next is called") {
    EventBus bus;
    MemoryLogger logger;
    int calls = 0;
    bus.subscribe([](const Event&) { throw std::runtime_error("broken"); });
    bus.subscribe([](const Event&) { throw 42; });
    bus.subscribe([&calls](const Event&) { ++calls; });
    bus.publish(eventOf(EventKind::OpenFailed), logger);
    CHECK(calls == 1);
    CHECK(logger.lines == std::vector<std::string>{"event: a listener threw on openFailed: broken",
                                                   "event: a listener threw on openFailed: not a std::exception"});
  }

  TEST_CASE("a listener that throws when no memory is left is logged, too") {
    EventBus bus;
    MemoryLogger logger;
    bus.subscribe([&logger](const Event&) {
      logger.failing.emplace(0);
      throw 42;
    });
    bus.publish(eventOf(EventKind::MemoryPressure), logger);
    CHECK(logger.lines == std::vector<std::string>{"event: a listener threw"});
  }

  TEST_CASE("a listener is destroyed outside of the lock") {
    EventBus bus;
    struct Reenters {
      EventBus& bus;
      ~Reenters() {
        bus.subscribe([](const Event&) {});
      }
    };
    auto state = std::make_shared<Reenters>(Reenters{bus});
    const SubscriptionId id = bus.subscribe([held = std::move(state)](const Event&) {});
    bus.unsubscribe(id);  // Would never return.
  }

  TEST_CASE("threads may subscribe and unsubscribe while others publish") {
    EventBus bus;
    std::atomic<int> calls{0};
    {
      std::vector<holdfast::port::Thread> threads;
      for (int t = 0; t < 2; ++t) {
        threads.emplace_back("subscribe", [&bus, &calls] {
          for (int i = 0; i < 300; ++i) bus.unsubscribe(bus.subscribe([&calls](const Event&) { ++calls; }));
        });
        threads.emplace_back("publish", [&bus] {
          MemoryLogger logger;
          for (int i = 0; i < 300; ++i) bus.publish(eventOf(EventKind::Checkpoint), logger);
        });
      }
    }
    const int before = calls.load();
    MemoryLogger logger;
    bus.publish(eventOf(EventKind::Checkpoint), logger);
    CHECK(calls.load() == before);
  }

  TEST_CASE("events have the names of the documents") {
    const std::array<std::string_view, 25> names{"initialized",         "connectionCreated",
                                                 "connectionDestroyed", "connectionRenewed",
                                                 "connectionRecovered", "openFailed",
                                                 "leaseLeaked",         "leaseForced",
                                                 "stateRestored",       "memoryPressure",
                                                 "memoryNormal",        "checkpoint",
                                                 "checkpointBlocked",   "closed",
                                                 "memoryAction",        "backupMade",
                                                 "backupFailed",        "damageFound",
                                                 "databaseRecovered",   "storageChanged",
                                                 "flashOverBudget",     "migrated",
                                                 "migrationUndone",     "migrationConfirmed",
                                                 "commitsMissing"};
    for (std::size_t i = 0; i < names.size(); ++i) CHECK(toText(static_cast<EventKind>(i)) == names[i]);
    CHECK(toText(static_cast<EventKind>(99)) == "unknown");
  }
}
