#include "pool/slot_table.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

#include "connection/connection_impl.hpp"

using namespace std::chrono_literals;
using holdfast::Access;
using holdfast::Clock;
using holdfast::Connection;
using holdfast::SlotFacts;
using holdfast::SlotSet;
using holdfast::SlotState;
using holdfast::SlotTable;

namespace {

constexpr Clock::TimePoint kNow{std::chrono::hours{1000}};
constexpr std::size_t kNoPreference = 999;

/// A handle that nobody looks into.
std::shared_ptr<Connection> connection() { return std::make_shared<Connection>(nullptr); }

/// What would be taken; it is free again afterwards.
std::optional<std::size_t> take(SlotTable& table, Access access, std::size_t preferred, Clock::TimePoint now) {
  const std::optional<std::size_t> slot = table.tryTakeInTurn(access, preferred, now);
  if (slot) table.free(*slot);
  return slot;
}

void openSlot(SlotTable& table, std::size_t slot) { table.setConnection(slot, connection(), kNow, kNow + 1h); }

}  // namespace

TEST_SUITE("pool/slot_table") {
  TEST_CASE("a set of slots holds up to 64 of them") {
    SlotSet set;
    CHECK(set.empty());
    set.insert(0);
    set.insert(63);
    set.insert(63);
    CHECK(set.size() == 2);
    CHECK(set.first() == 0);
    CHECK(set.contains(63));
    set.erase(0);
    CHECK(set.first() == 63);
    set.erase(5);
    CHECK(set.size() == 1);
    CHECK(SlotSet::firstN(64).size() == 64);
    CHECK(SlotSet::firstN(0).empty());
    CHECK(SlotSet::firstN(3) == (SlotSet::firstN(5) & SlotSet::firstN(3)));
    CHECK((SlotSet::firstN(5) - SlotSet::firstN(3)).size() == 2);
  }

  TEST_CASE("the lanes are the write slot and the others") {
    const SlotTable table(4);
    CHECK(table.lane(Access::Write) == SlotSet(1));
    CHECK(table.lane(Access::Read) == SlotSet(0b1110));
    CHECK(table.all().size() == 4);
    CHECK(SlotTable(SlotTable::kMaxSlots).lane(Access::Read).size() == 59);
  }

  TEST_CASE("on a pool of one both lanes are the same slot") {
    const SlotTable table(1);
    CHECK(table.lane(Access::Write) == SlotSet(1));
    CHECK(table.lane(Access::Read) == SlotSet(1));
  }

  TEST_CASE("the preferred slot is taken, then an open one, then an empty one") {
    SlotTable table(4);
    openSlot(table, 2);
    openSlot(table, 3);
    CHECK(take(table, Access::Read, 3, kNow) == 3);
    CHECK(take(table, Access::Read, 1, kNow) == 2);  // Empty: an open one is better.
    CHECK(take(table, Access::Read, kNoPreference, kNow) == 2);
    REQUIRE(table.tryTake(3));
    CHECK(take(table, Access::Read, 3, kNow) == 2);
    REQUIRE(table.tryTake(2));
    CHECK(take(table, Access::Read, 3, kNow) == 1);
    REQUIRE(table.tryTake(1));
    CHECK_FALSE(take(table, Access::Read, 3, kNow).has_value());
    table.free(2);
    CHECK(take(table, Access::Read, 3, kNow) == 2);
  }

  TEST_CASE("the write slot is never picked for reading and the other way round") {
    SlotTable table(2);
    openSlot(table, 0);
    openSlot(table, 1);
    CHECK(take(table, Access::Read, 0, kNow) == 1);
    CHECK(take(table, Access::Write, 1, kNow) == 0);
    REQUIRE(table.tryTake(0));
    CHECK_FALSE(take(table, Access::Write, 0, kNow).has_value());
  }

  TEST_CASE("an empty slot rests until its time after a failed open") {
    SlotTable table(3);
    table[1].retryAt = kNow + 1s;
    CHECK(take(table, Access::Read, 1, kNow) == 2);
    table[2].retryAt = kNow + 2s;
    CHECK_FALSE(take(table, Access::Read, 1, kNow).has_value());
    CHECK(take(table, Access::Read, 1, kNow + 1s) == 1);
    CHECK(take(table, Access::Read, 2, kNow + 2s) == 1);
  }

  TEST_CASE("a handle put into a slot is open and counts from then") {
    SlotTable table(2);
    table[1].openFailures = 3;
    CHECK(table.facts(1).state == SlotState::Empty);
    openSlot(table, 1);
    CHECK(table.open() == SlotSet(0b10));
    CHECK(table.facts(1).state == SlotState::Idle);
    CHECK(table.facts(1).renewAt == kNow + 1h);
    CHECK(table.facts(1).lastUsed == kNow);
    CHECK(table[1].openFailures == 0);
    CHECK_FALSE(table.facts(1).isWriter);
    CHECK(table.facts(0).isWriter);
  }

  TEST_CASE("a slot is last used when it was given back") {
    SlotTable table(2);
    openSlot(table, 1);
    REQUIRE(table.tryTake(1));
    CHECK(table.facts(1).state == SlotState::Leased);
    table.markUsed(1, kNow + 7s);
    table.free(1);
    CHECK(table.facts(1).state == SlotState::Idle);
    CHECK(table.lastUsed(1) == kNow + 7s);
  }

  TEST_CASE("a handle taken out leaves an empty slot") {
    SlotTable table(2);
    openSlot(table, 1);
    const std::shared_ptr<Connection> taken = table.takeConnection(1);
    CHECK(taken != nullptr);
    CHECK(table.open().empty());
    CHECK(table.facts(1).state == SlotState::Empty);
    CHECK(table.takeConnection(1) == nullptr);
    REQUIRE(table.tryTake(1));
    CHECK(table.facts(1).state == SlotState::Leased);  // Somebody opens it.
  }
}
