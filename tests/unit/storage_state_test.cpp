#include <holdfast/storage_state.hpp>

#include <doctest/doctest.h>

#include <cerrno>

#include <holdfast/error.hpp>

using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::StorageState;
using holdfast::storageStateOf;
using holdfast::toText;

namespace {

std::optional<StorageState> stateOf(ErrorCode code, int error = 0, int sqliteCode = 0) {
  return storageStateOf(Error(code, "test", sqliteCode, error));
}

}  // namespace

TEST_SUITE("core/storage_state") {
  TEST_CASE("every storage state has a text") {
    CHECK(toText(StorageState::Ok) == "ok");
    CHECK(toText(StorageState::Full) == "full");
    CHECK(toText(StorageState::ReadOnly) == "readOnly");
    CHECK(toText(StorageState::Gone) == "gone");
    CHECK(toText(StorageState::Damaged) == "damaged");
    CHECK(toText(static_cast<StorageState>(9)) == "unknown");
  }

  TEST_CASE("a medium without space is full however it says so") {
    constexpr int kSqliteFull = 13;
    CHECK(stateOf(ErrorCode::StorageFull, 0, kSqliteFull) == StorageState::Full);
    CHECK(stateOf(ErrorCode::StorageFull, ENOSPC) == StorageState::Full);
    for (const int error : {ENOSPC, EFBIG, EDQUOT}) {
      CHECK(stateOf(ErrorCode::IoError, error) == StorageState::Full);
      CHECK(stateOf(ErrorCode::CannotOpen, error) == StorageState::Full);
    }
  }

  TEST_CASE("a log at its own limit says nothing of the storage") {
    CHECK(stateOf(ErrorCode::StorageFull) == std::nullopt);
  }

  TEST_CASE("a medium that takes no writes is read-only") {
    CHECK(stateOf(ErrorCode::ReadOnly) == StorageState::ReadOnly);
    CHECK(stateOf(ErrorCode::IoError, EROFS) == StorageState::ReadOnly);
    CHECK(stateOf(ErrorCode::OutcomeUnknown, EROFS) == StorageState::ReadOnly);
  }

  TEST_CASE("files and devices that are not there are gone") {
    for (const int error : {ENOENT, ENODEV, ENXIO, ESTALE}) {
      CHECK(stateOf(ErrorCode::CannotOpen, error) == StorageState::Gone);
      CHECK(stateOf(ErrorCode::IoError, error) == StorageState::Gone);
    }
  }

  TEST_CASE("what is no sound database is damaged") {
    CHECK(stateOf(ErrorCode::Corrupt) == StorageState::Damaged);
    CHECK(stateOf(ErrorCode::NotADatabase) == StorageState::Damaged);
  }

  TEST_CASE("what a virtual table or AUTOINCREMENT finds wrong in its content says nothing of the file") {
    constexpr int kCorruptVirtualTable = 267;
    constexpr int kCorruptSequence = 523;
    constexpr int kCorruptIndex = 779;
    CHECK(stateOf(ErrorCode::Corrupt, 0, kCorruptVirtualTable) == std::nullopt);
    CHECK(stateOf(ErrorCode::Corrupt, 0, kCorruptSequence) == std::nullopt);
    CHECK(stateOf(ErrorCode::Corrupt, 0, kCorruptIndex) == StorageState::Damaged);
  }

  TEST_CASE("other errors say nothing, a plain I/O error among them") {
    CHECK(stateOf(ErrorCode::IoError, EIO) == std::nullopt);
    CHECK(stateOf(ErrorCode::IoError) == std::nullopt);
    CHECK(stateOf(ErrorCode::CannotOpen, EMFILE) == std::nullopt);
    CHECK(stateOf(ErrorCode::Constraint, ENOSPC) == std::nullopt);
    CHECK(stateOf(ErrorCode::Busy) == std::nullopt);
  }
}
