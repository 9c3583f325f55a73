#include <doctest/doctest.h>

#include <new>
#include <string>

#include "core/out_of_memory.hpp"
#include "support/error_of.hpp"

using namespace holdfast;
using namespace holdfast::test;

TEST_SUITE("core/out_of_memory") {
  TEST_CASE("a lack of memory in the process is an Error that says what to do") {
    const auto error = errorOf([] { translatingBadAlloc([]() -> int { throw std::bad_alloc(); }); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::MemoryLimit);
    CHECK(error->recovery() == Recovery::FreeMemory);
    CHECK(error->reason().find("operator new") != std::string::npos);
    CHECK(translatingBadAlloc([] { return 7; }) == 7);
  }

  TEST_CASE("a frame that there is no memory for does not replace the error") {
    Error error(ErrorCode::Constraint, "first");
    addFrameIfPossible(error, []() -> std::string { throw std::bad_alloc(); });
    setContextIfPossible(error, []() -> std::string { throw std::bad_alloc(); });
    CHECK(std::string(error.what()) == "constraint: first");
    addFrameIfPossible(error, [] { return std::string("frame"); });
    setContextIfPossible(error, [] { return std::string("context"); });
    CHECK(std::string(error.what()) == "constraint: first: frame; context");
  }
}
