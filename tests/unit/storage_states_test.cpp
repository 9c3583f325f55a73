#include "policy/storage_states.hpp"

#include <doctest/doctest.h>

#include <holdfast/units.hpp>

using namespace holdfast;

namespace {

StorageFacts withFree(std::int64_t bytes, std::int64_t unused = 0) {
  return {.freeBytes = bytes, .unusedBytes = unused, .usedBytes = 10 * MiB};
}

}  // namespace

TEST_SUITE("policy/storage_states") {
  TEST_CASE("without limits a look finds whether the files are there and can be written") {
    StorageStates states;
    states.look({});
    CHECK(states.state() == StorageState::Ok);
    states.look({.gone = true, .readOnly = true});
    CHECK(states.state() == StorageState::Gone);
    states.look({.readOnly = true});
    CHECK(states.state() == StorageState::ReadOnly);
    states.look(withFree(0));
    CHECK(states.state() == StorageState::Ok);
  }

  TEST_CASE("below the reserve it is full until there is more than the reserve") {
    StorageStates states({.reserve = 8 * MiB});
    states.look(withFree(8 * MiB));
    CHECK(states.seen() == StorageState::Ok);
    states.look(withFree(8 * MiB - 1));
    CHECK(states.seen() == StorageState::Full);
    CHECK(states.shortage() == Shortage::Reserve);
    states.look(withFree(8 * MiB));
    CHECK(states.seen() == StorageState::Full);
    states.look(withFree(9 * MiB));
    CHECK(states.seen() == StorageState::Ok);
    CHECK(states.shortage() == Shortage::None);
  }

  TEST_CASE("pages that hold nothing are room") {
    StorageStates states({.reserve = 8 * MiB});
    states.look(withFree(MiB, 7 * MiB));
    CHECK(states.seen() == StorageState::Ok);
  }

  TEST_CASE("where nobody knows what is free the reserve is not kept") {
    StorageStates states({.reserve = 8 * MiB});
    states.look(withFree(-1));
    CHECK(states.seen() == StorageState::Ok);
  }

  TEST_CASE("at the quota it is full until it is a sixteenth below") {
    StorageStates states({.quota = 16 * MiB});
    states.look({.usedBytes = 16 * MiB});
    CHECK(states.seen() == StorageState::Full);
    CHECK(states.shortage() == Shortage::Quota);
    states.look({.unusedBytes = MiB - 1, .usedBytes = 16 * MiB});
    CHECK(states.seen() == StorageState::Full);
    states.look({.unusedBytes = MiB + 1, .usedBytes = 16 * MiB});
    CHECK(states.seen() == StorageState::Ok);
    states.look({.usedBytes = 16 * MiB - 1});
    CHECK(states.seen() == StorageState::Ok);
  }

  TEST_CASE("what the ballast gave up is not there to be filled again") {
    StorageStates states({.reserve = MiB, .ballast = 2 * MiB});
    StorageFacts facts = withFree(MiB - 1);
    states.look(facts);
    CHECK(states.seen() == StorageState::Full);
    facts = withFree(3 * MiB - 1);
    facts.ballastGivenUp = true;
    states.look(facts);
    CHECK(states.seen() == StorageState::Full);
    facts.freeBytes = 4 * MiB;
    states.look(facts);
    CHECK(states.seen() == StorageState::Ok);
    CHECK(states.hasRoomForBallast(4 * MiB));
    CHECK_FALSE(states.hasRoomForBallast(3 * MiB));
    CHECK_FALSE(StorageStates().hasRoomForBallast(GiB));
  }

  TEST_CASE("what a call met holds until a write has reached the medium and refuses none") {
    StorageStates states;
    states.met(StorageState::Full);
    CHECK(states.state() == StorageState::Full);
    CHECK(states.seen() == StorageState::Ok);
    CHECK(states.needsProof());
    states.look(withFree(GiB));
    CHECK(states.state() == StorageState::Full);
    states.written();
    CHECK(states.state() == StorageState::Ok);
    CHECK_FALSE(states.needsProof());
  }

  TEST_CASE("the graver state of both counts") {
    StorageStates states({.reserve = MiB});
    states.met(StorageState::ReadOnly);
    states.look(withFree(0));
    CHECK(states.state() == StorageState::ReadOnly);
    states.written();  // By work that may use the reserve.
    CHECK(states.state() == StorageState::Full);
  }

  TEST_CASE("files that a look finds in place are not gone any more") {
    StorageStates states;
    states.met(StorageState::Gone);
    states.look({.gone = true});
    CHECK(states.state() == StorageState::Gone);
    states.look({});
    CHECK(states.state() == StorageState::Ok);
  }

  TEST_CASE("damage stays until it is repaired") {
    StorageStates states;
    states.met(StorageState::Damaged);
    CHECK(states.isDamaged());
    states.look({});
    states.written();
    CHECK(states.state() == StorageState::Damaged);
    CHECK_FALSE(states.needsProof());
    states.repaired();
    CHECK(states.state() == StorageState::Ok);
  }
}
