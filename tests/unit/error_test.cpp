#include <holdfast/error.hpp>

#include <doctest/doctest.h>

#include <set>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "support/failing_allocation.hpp"

using holdfast::categoryOf;
using holdfast::Error;
using holdfast::ErrorCategory;
using holdfast::ErrorCode;
using holdfast::Recovery;
using holdfast::recoveryOf;
using holdfast::toText;
using holdfast::test::FailingAllocation;

namespace {

std::vector<ErrorCode> allCodes() {
  std::vector<ErrorCode> codes;
  for (int i = 0; i <= static_cast<int>(ErrorCode::Internal); ++i) codes.push_back(static_cast<ErrorCode>(i));
  return codes;
}

}  // namespace

TEST_SUITE("core/error") {
  TEST_CASE("an error that passed three layers reads as one sentence") {
    Error error(ErrorCode::StorageFull, "");
    error.addFrame("Connection.run (INSERT INTO reading)").addFrame("ReadingRepository.create (key=7)");
    error.setContext("memory 3.1/4.0 MiB, pool 2/4 in use");
    CHECK(std::string(error.what()) ==
          "storage full: Connection.run (INSERT INTO reading); in ReadingRepository.create (key=7); "
          "memory 3.1/4.0 MiB, pool 2/4 in use");
  }

  TEST_CASE("the reason stands between the code and the frames") {
    Error error(ErrorCode::Busy, "another process writes");
    CHECK(std::string(error.what()) == "busy: another process writes");
    error.setContext("pool 1/4 in use");
    CHECK(std::string(error.what()) == "busy: another process writes; pool 1/4 in use");
    error.addFrame("Transaction.commit").addFrame("sync");
    CHECK(std::string(error.what()) == "busy: another process writes: Transaction.commit; in sync; pool 1/4 in use");
    CHECK(error.reason() == "another process writes");
    CHECK(error.frames() == "Transaction.commit; in sync");
    CHECK(error.context() == "pool 1/4 in use");
  }

  TEST_CASE("an error without reason and frames is its code") {
    CHECK(std::string(Error(ErrorCode::PoolExhausted, "").what()) == "pool exhausted");
    CHECK(std::string(Error(ErrorCode::NotADatabase, "").what()) == "not a database");
    CHECK(std::string(Error(ErrorCode::MemoryLimit, "").setContext("pool 1/1 in use").what()) ==
          "memory limit; pool 1/1 in use");
  }

  TEST_CASE("the context that was set first stays") {
    Error error(ErrorCode::Busy, "");
    error.setContext("first").setContext("second");
    CHECK(error.context() == "first");
  }

  TEST_CASE("what SQLite and the system reported is kept") {
    const Error error(ErrorCode::IoError, "disk I/O error", 778, 5);
    CHECK(error.sqliteCode() == 778);
    CHECK(error.systemErrno() == 5);
    CHECK(Error(ErrorCode::Busy, "").sqliteCode() == 0);
    CHECK(Error(ErrorCode::Busy, "").systemErrno() == 0);
  }

  TEST_CASE("copies cannot throw and share what is added later") {
    static_assert(std::is_nothrow_copy_constructible_v<Error> && std::is_nothrow_copy_assignable_v<Error>);
    Error first(ErrorCode::Busy, "reason");
    const Error second = first;
    first.addFrame("frame");
    CHECK(std::string(second.what()) == "busy: reason: frame");
  }

  TEST_CASE("a caught error collects frames and travels on as a std::exception") {
    std::string text;
    try {
      try {
        throw Error(ErrorCode::Constraint, "UNIQUE failed: a.b");
      } catch (Error& error) {
        error.addFrame("run");
        throw;
      }
    } catch (const std::exception& error) {
      text = error.what();
    }
    CHECK(text == "constraint: UNIQUE failed: a.b: run");
  }

  TEST_CASE("every code, recovery and category has a text of its own") {
    std::set<std::string_view> texts;
    for (const ErrorCode code : allCodes()) {
      CAPTURE(toText(code));
      CHECK(toText(code).find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos);
      CHECK(texts.insert(toText(code)).second);
      CHECK(toText(recoveryOf(code)) != "unknown");
      CHECK(toText(categoryOf(code)) != "unknown");
    }
    CHECK(toText(Recovery::RetryTransaction) == "retry the transaction");
    CHECK(toText(Recovery::Stop) == "stop");
    CHECK(toText(ErrorCategory::Contention) == "contention");
    CHECK(toText(ErrorCategory::Lifecycle) == "lifecycle");
  }

  TEST_CASE("the code decides what the caller can do") {
    CHECK(Error(ErrorCode::Busy, "").recovery() == Recovery::RetryTransaction);
    CHECK(Error(ErrorCode::Busy, "").category() == ErrorCategory::Contention);
    CHECK(recoveryOf(ErrorCode::OutcomeUnknown) == Recovery::VerifyOutcome);
    CHECK(recoveryOf(ErrorCode::StorageFull) == Recovery::FreeSpace);
    CHECK(recoveryOf(ErrorCode::ForkedProcess) == Recovery::Reopen);
    CHECK(recoveryOf(ErrorCode::Internal) == Recovery::Stop);
    CHECK(categoryOf(ErrorCode::Corrupt) == ErrorCategory::Corruption);
    CHECK(categoryOf(ErrorCode::Misuse) == ErrorCategory::Request);
  }

  TEST_CASE("a wrong request and nothing else is to be fixed by the caller") {
    for (const ErrorCode code : allCodes()) {
      CAPTURE(toText(code));
      CHECK((categoryOf(code) == ErrorCategory::Request) == (recoveryOf(code) == Recovery::FixRequest));
    }
  }

  TEST_CASE("values outside of the enumerations are treated as the worst") {
    const auto wrong = static_cast<ErrorCode>(200);
    CHECK(toText(wrong) == "internal");
    CHECK(recoveryOf(wrong) == Recovery::Stop);
    CHECK(toText(static_cast<Recovery>(200)) == "unknown");
    CHECK(toText(static_cast<ErrorCategory>(200)) == "unknown");
  }

  TEST_CASE("an error can be made when no memory is left and keeps its code") {
    const std::string reason(100, 'r');
    for (int allowed = 0, failed = 1; failed != 0; ++allowed) {
      const Error error = [&] {
        const FailingAllocation failing(allowed);
        Error made(ErrorCode::MemoryLimit, reason, 7, 12);
        failed = FailingAllocation::hasFailed() ? 1 : 0;
        return made;
      }();
      CAPTURE(allowed);
      CHECK(error.code() == ErrorCode::MemoryLimit);
      CHECK(std::string(error.what()).starts_with("memory limit"));
      if (failed == 0) CHECK(error.reason() == reason);
    }
  }

  TEST_CASE("an error of an unknown code can be made without memory") {
    const Error error = [] {
      const FailingAllocation failing(0);
      return Error(static_cast<ErrorCode>(200), "");
    }();
    CHECK(error.code() == ErrorCode::Internal);
  }

  TEST_CASE("errors made without memory do not mix their frames") {
    const auto make = [] {
      const FailingAllocation failing(0);
      return Error(ErrorCode::MemoryLimit, "");
    };
    Error first = make();
    first.addFrame("frame").setContext("context");
    CHECK(std::string(make().what()) == "memory limit");
    CHECK(first.frames().empty());
    CHECK(first.context().empty());
  }

  TEST_CASE("adding to an error without memory leaves it as it was or complete") {
    const std::string longText(100, 'f');
    bool failed = true;
    for (int allowed = 0; failed; ++allowed) {
      Error error(ErrorCode::Corrupt, "page 3");
      {
        const FailingAllocation failing(allowed);
        error.addFrame(longText).setContext(longText);
        failed = FailingAllocation::hasFailed();
      }
      CAPTURE(allowed);
      CHECK(std::string(error.what()).starts_with("corrupt: page 3"));
      CHECK(error.reason() == "page 3");
      if (!failed) CHECK(std::string(error.what()) == "corrupt: page 3: " + longText + "; " + longText);
    }
  }
}
