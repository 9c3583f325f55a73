#include "policy/memory_stages.hpp"

#include <doctest/doctest.h>

#include <holdfast/units.hpp>

using namespace holdfast;

namespace {

MemorySignals group(std::int64_t current, std::int64_t inactive, std::int64_t high, std::int64_t max) {
  MemorySignals signals;
  signals.cgroup = {true, "/", current, inactive, high, max, 0, 0, 0};
  return signals;
}

MemorySignals stall(double some, double full) {
  MemorySignals signals;
  signals.stall = {true, false, some, full};
  return signals;
}

struct Judged {
  MemoryStage operator()(const MemorySignals& signals, MemorySource source) {
    policy.judge(signals, 1000, demands);
    return demands.of(source);
  }
  SignalPolicy policy;
  StageDemands demands;
};

}  // namespace

TEST_SUITE("policy/memory_stages") {
  TEST_CASE("each stage does what the one before does and more") {
    CHECK(actionsOf(MemoryStage::Normal).empty());
    CHECK(actionsOf(MemoryStage::Pressure).size() == 3);
    CHECK(actionsOf(MemoryStage::Critical).size() == 6);
    CHECK(actionsOf(MemoryStage::Critical).back() == MemoryAction::RefuseTransactions);
    for (const MemoryAction action : actionsOf(MemoryStage::Critical)) {
      CHECK_FALSE(isDoneAt(action, MemoryStage::Normal));
      CHECK(isDoneAt(action, MemoryStage::Critical));
    }
    CHECK(isDoneAt(MemoryAction::SmallerPageCaches, MemoryStage::Pressure));
    CHECK_FALSE(isDoneAt(MemoryAction::CloseIdleHandles, MemoryStage::Pressure));
  }

  TEST_CASE("smaller caches and refusals last and the other actions do not") {
    int lasting = 0;
    for (const MemoryAction action : actionsOf(MemoryStage::Critical)) lasting += lasts(action) ? 1 : 0;
    CHECK(lasting == 2);
    CHECK(lasts(MemoryAction::SmallerPageCaches));
    CHECK(lasts(MemoryAction::RefuseTransactions));
  }

  TEST_CASE("the highest demand counts") {
    StageDemands demands;
    CHECK(demands.highest() == MemoryStage::Normal);
    demands.set(MemorySource::Stall, MemoryStage::Pressure);
    demands.set(MemorySource::Cgroup, MemoryStage::Critical);
    CHECK(demands.highest() == MemoryStage::Critical);
    CHECK(demands.of(MemorySource::Stall) == MemoryStage::Pressure);
  }

  TEST_CASE("transactions are refused for what this process can help and not for what the device suffers from") {
    for (const MemorySource source : {MemorySource::Heap, MemorySource::Resident, MemorySource::Application}) {
      StageDemands demands;
      demands.set(source, MemoryStage::Pressure);
      CHECK_FALSE(demands.refusesTransactions());
      demands.set(source, MemoryStage::Critical);
      CHECK(demands.refusesTransactions());
    }
    StageDemands demands;
    demands.set(MemorySource::Cgroup, MemoryStage::Critical);
    demands.set(MemorySource::Stall, MemoryStage::Critical);
    CHECK_FALSE(demands.refusesTransactions());
  }

  TEST_CASE("no signal asks for nothing") {
    Judged judged;
    CHECK(judged({}, MemorySource::Cgroup) == MemoryStage::Normal);
    CHECK(judged.demands.highest() == MemoryStage::Normal);
  }

  TEST_CASE("resident memory is measured by its limit") {
    Judged judged;
    MemorySignals signals;
    signals.residentBytes = 950;
    CHECK(judged(signals, MemorySource::Resident) == MemoryStage::Pressure);
    signals.residentBytes = 970;
    CHECK(judged(signals, MemorySource::Resident) == MemoryStage::Critical);
    signals.residentBytes = 840;
    CHECK(judged(signals, MemorySource::Resident) == MemoryStage::Normal);
    SignalPolicy unlimited;
    StageDemands demands;
    signals.residentBytes = 1024 * GiB;
    unlimited.judge(signals, 0, demands);
    CHECK(demands.highest() == MemoryStage::Normal);
  }

  TEST_CASE("of a control group the working set is measured by the lower of its limits") {
    Judged judged;
    CHECK(judged(group(990, 200, 0, 1000), MemorySource::Cgroup) == MemoryStage::Normal);
    CHECK(judged(group(990, 50, 0, 1000), MemorySource::Cgroup) == MemoryStage::Pressure);
    CHECK(judged(group(870, 0, 0, 1000), MemorySource::Cgroup) == MemoryStage::Pressure);  // Until below 85 %.
    CHECK(judged(group(840, 0, 0, 1000), MemorySource::Cgroup) == MemoryStage::Normal);
    CHECK(judged(group(490, 0, 500, 1000), MemorySource::Cgroup) == MemoryStage::Critical);
    CHECK(judged(group(490, 0, 1000, 500), MemorySource::Cgroup) == MemoryStage::Critical);
    CHECK(judged(group(490, 0, 0, 0), MemorySource::Cgroup) == MemoryStage::Normal);
  }

  TEST_CASE("a control group that ran out of memory since the last look is critical for a round") {
    Judged judged;
    MemorySignals signals = group(100, 0, 0, 1000);
    signals.cgroup.oomEvents = 3;
    CHECK(judged(signals, MemorySource::Cgroup) == MemoryStage::Normal);  // Who knows when.
    signals.cgroup.oomEvents = 4;
    CHECK(judged(signals, MemorySource::Cgroup) == MemoryStage::Critical);
    CHECK(judged(signals, MemorySource::Cgroup) == MemoryStage::Normal);
  }

  TEST_CASE("stalls ask from 10 percent and until below 5 percent") {
    Judged judged;
    CHECK(judged(stall(9.9, 0), MemorySource::Stall) == MemoryStage::Normal);
    CHECK(judged(stall(10, 0), MemorySource::Stall) == MemoryStage::Pressure);
    CHECK(judged(stall(5, 0), MemorySource::Stall) == MemoryStage::Pressure);
    CHECK(judged(stall(20, 10), MemorySource::Stall) == MemoryStage::Critical);
    CHECK(judged(stall(20, 5), MemorySource::Stall) == MemoryStage::Critical);
    CHECK(judged(stall(20, 4.9), MemorySource::Stall) == MemoryStage::Pressure);
    CHECK(judged(stall(4.9, 4.9), MemorySource::Stall) == MemoryStage::Normal);
  }
}
