#include "transaction/commit_group.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstddef>

using namespace std::chrono_literals;
using holdfast::CommitGroup;
using holdfast::Durability;
using holdfast::GroupMember;

namespace {

const CommitGroup::Time kStart = CommitGroup::Time{} + 1h;
constexpr CommitGroup::Bounds kBounds{4, 1000, 20ms};

/// A COMMIT shared by so many has been carried out.
void share(CommitGroup& group, std::size_t transactions, std::chrono::nanoseconds commitTime = 100us) {
  group.begin(Durability::Full, kStart, 0);
  group.end(transactions, commitTime);
}

}  // namespace

TEST_SUITE("transaction/commit_group") {
  TEST_CASE("members wait in the group until they are taken") {
    CommitGroup group;
    std::array<GroupMember, 3> members;
    group.begin(Durability::Full, kStart, 0);
    CHECK(group.empty());
    for (GroupMember& member : members) {
      group.reserve();
      group.add(member);
    }
    CHECK(group.size() == 3);
    const auto taken = group.takeMembers();
    CHECK(group.empty());
    REQUIRE(taken.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK(taken[i] == &members[i]);
  }

  TEST_CASE("a group commits at the strongest durability that one of it asked for") {
    CommitGroup group;
    group.begin(Durability::Off, kStart, 0);
    CHECK(group.durability() == Durability::Off);
    group.join(Durability::Normal);
    CHECK(group.durability() == Durability::Normal);
    group.join(Durability::Full);
    CHECK(group.durability() == Durability::Full);
    group.join(Durability::Off);
    CHECK(group.durability() == Durability::Full);
    group.begin(Durability::Normal, kStart, 0);
    CHECK(group.durability() == Durability::Normal);
  }

  TEST_CASE("the number of transactions is bounded, the one that commits included") {
    CommitGroup group;
    std::array<GroupMember, 3> members;
    group.begin(Durability::Full, kStart, 0);
    for (GroupMember& member : members) {
      CHECK(group.hasRoom(kBounds, kStart, 0));
      group.reserve();
      group.add(member);
    }
    CHECK_FALSE(group.hasRoom(kBounds, kStart, 0));
  }

  TEST_CASE("a bound of one means no company at all") {
    CommitGroup group;
    group.begin(Durability::Full, kStart, 0);
    CHECK_FALSE(group.hasRoom({1, 1000, 20ms}, kStart, 0));
  }

  TEST_CASE("nobody joins a group that was begun too long ago") {
    CommitGroup group;
    group.begin(Durability::Full, kStart, 0);
    CHECK(group.hasRoom(kBounds, kStart + 19ms, 0));
    CHECK_FALSE(group.hasRoom(kBounds, kStart + 20ms, 0));
  }

  TEST_CASE("nobody joins a group that has bound too many bytes") {
    CommitGroup group;
    group.begin(Durability::Full, kStart, 5000);
    CHECK(group.hasRoom(kBounds, kStart, 5999));
    CHECK_FALSE(group.hasRoom(kBounds, kStart, 6000));
  }

  TEST_CASE("company is expected only after company") {
    CommitGroup group;
    CHECK_FALSE(group.expectsCompany());
    share(group, 1);
    CHECK_FALSE(group.expectsCompany());
    share(group, 3);
    CHECK(group.expectsCompany());
  }

  TEST_CASE("as much company is expected as there was before") {
    CommitGroup group;
    share(group, 3);
    std::array<GroupMember, 2> members;
    group.begin(Durability::Full, kStart, 0);
    for (GroupMember& member : members) {
      CHECK(group.expectsCompany());
      group.reserve();
      group.add(member);
    }
    CHECK_FALSE(group.expectsCompany());
    group.takeMembers();
  }

  TEST_CASE("the credit is used up by waiting in vain and given anew by company") {
    CommitGroup group;
    share(group, 4);
    int waits = 0;
    while (group.expectsCompany() && waits < 100) {
      group.waitedInVain();
      ++waits;
    }
    CHECK(waits == 2);
    share(group, 2);
    CHECK(group.expectsCompany());
  }

  TEST_CASE("the patience is half of what a commit costs, and bounded") {
    CommitGroup group;
    CHECK(group.patience() == 0ns);
    share(group, 2, 100us);
    CHECK(group.patience() == 50us);
    for (int i = 0; i < 100; ++i) share(group, 2, 5ms);
    CHECK(group.patience() == 200us);
    for (int i = 0; i < 200; ++i) share(group, 2, 10us);
    CHECK(group.patience() < 20us);
  }
}
