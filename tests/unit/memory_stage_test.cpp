#include <holdfast/memory_stage.hpp>

#include <doctest/doctest.h>

using holdfast::MemoryAction;
using holdfast::MemorySource;
using holdfast::MemoryStage;
using holdfast::toText;

TEST_SUITE("core/memory_stage") {
  TEST_CASE("every memory stage has a text") {
    CHECK(toText(MemoryStage::Normal) == "normal");
    CHECK(toText(MemoryStage::Pressure) == "pressure");
    CHECK(toText(MemoryStage::Critical) == "critical");
    CHECK(toText(static_cast<MemoryStage>(9)) == "unknown");
  }

  TEST_CASE("every action and every source of a memory stage has a text") {
    CHECK(toText(MemoryAction::ShrinkRepositoryCaches) == "shrinkRepositoryCaches");
    CHECK(toText(MemoryAction::ReleasePageCaches) == "releasePageCaches");
    CHECK(toText(MemoryAction::SmallerPageCaches) == "smallerPageCaches");
    CHECK(toText(MemoryAction::ShrinkStatementCaches) == "shrinkStatementCaches");
    CHECK(toText(MemoryAction::CloseIdleHandles) == "closeIdleHandles");
    CHECK(toText(MemoryAction::RefuseTransactions) == "refuseTransactions");
    CHECK(toText(static_cast<MemoryAction>(9)) == "unknown");
    CHECK(toText(MemorySource::Heap) == "heap");
    CHECK(toText(MemorySource::Resident) == "resident");
    CHECK(toText(MemorySource::Cgroup) == "cgroup");
    CHECK(toText(MemorySource::Stall) == "stall");
    CHECK(toText(MemorySource::Application) == "application");
    CHECK(toText(static_cast<MemorySource>(9)) == "unknown");
  }
}
