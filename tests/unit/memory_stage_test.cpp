#include <holdfast/memory_stage.hpp>

#include <doctest/doctest.h>

using holdfast::MemoryStage;
using holdfast::toText;

TEST_SUITE("core/memory_stage") {
  TEST_CASE("every memory stage has a text") {
    CHECK(toText(MemoryStage::Normal) == "normal");
    CHECK(toText(MemoryStage::Pressure) == "pressure");
    CHECK(toText(MemoryStage::Critical) == "critical");
    CHECK(toText(static_cast<MemoryStage>(9)) == "unknown");
  }
}
