// The UserRepository of examples/users.

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/schema_diff.hpp>

#include "support/pool_fixture.hpp"
#include "users/user_repository.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;
using users::Status;
using users::User;
using users::UserRepository;

namespace {

struct Opened : PoolFixture {
  Opened() {
    open();
    users.createTable();
  }
  User add(const std::string& name, Status status = Status::Active) {
    return users.create({.email = name + "@example.com", .name = name, .status = status});
  }
  /// Gives users that were made within one millisecond times that differ.
  void setCreatedAt(const User& user, std::chrono::seconds time) {
    users.update(user.id, {set(&User::createdAt, Timestamp(time))});
  }
  static std::vector<std::string> names(const std::vector<User>& found) {
    std::vector<std::string> result;
    for (const User& user : found) result.push_back(user.name);
    return result;
  }
  UserRepository users{pool};
};

}  // namespace

TEST_SUITE("integration/example_users") {
  TEST_CASE("a user is given an id and its times") {
    Opened f;
    const Timestamp before = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const User made = f.add("ada");
    CHECK(Uuid::parse(made.id).has_value());
    CHECK(made.createdAt >= before);
    CHECK(made.updatedAt == made.createdAt);
    CHECK_FALSE(made.lastLoginAt.has_value());
    CHECK(f.users.findById(made.id) == made);
    CHECK(f.users.create({.id = "chosen", .email = "x@y"}).id == "chosen");
    User imported = f.users.upsert({.id = "old", .email = "old@y", .createdAt = Timestamp(5s)});
    CHECK(imported.createdAt == Timestamp(5s));
    CHECK(imported.updatedAt >= before);
  }

  TEST_CASE("a user is found by the address and the cache does not lie about it") {
    Opened f;
    const User ada = f.add("ada");
    CHECK(f.users.findByEmail("ada@example.com") == ada);
    CHECK(f.users.findByEmail("ada@example.com") == ada);
    CHECK(f.users.metrics().cache.hits == 1);
    CHECK_FALSE(f.users.findByEmail("ADA@example.com").has_value());
    RawSqlite(f.config.database).run("UPDATE users SET email = 'new@example.com'");
    CHECK_FALSE(f.users.findByEmail("ada@example.com").has_value());
    CHECK(f.users.findByEmail("new@example.com")->id == ada.id);
    f.pool.transaction([&](Transaction& tx) {
      f.users.in(tx).update(ada.id, {set(&User::email, std::string("later@example.com"))});
      CHECK(f.users.findByEmail("later@example.com", &tx)->id == ada.id);
    });
  }

  TEST_CASE("active users are those that may come and the newest is first") {
    Opened f;
    f.setCreatedAt(f.add("first"), 10s);
    f.setCreatedAt(f.add("second"), 20s);
    f.add("locked", Status::Locked);
    const User gone = f.add("gone");
    CHECK(f.users.retire(gone.id));
    CHECK_FALSE(f.users.retire(gone.id));
    CHECK_FALSE(f.users.retire("nobody"));
    CHECK(Opened::names(f.users.findActiveUsers()) == std::vector<std::string>{"second", "first"});
    CHECK(f.users.findById(gone.id)->deletedAt.has_value());
    const auto plan = f.pool.query(
        "EXPLAIN QUERY PLAN SELECT * FROM users WHERE status = 'active' AND deleted_at IS NULL"
        " ORDER BY created_at DESC");
    REQUIRE(plan.size() == 1);
    CHECK(contains(plan[0].get<std::string>("detail"), "USING INDEX users_status_created_at"));
  }

  TEST_CASE("a login is noted with the time of the change") {
    Opened f;
    const User ada = f.add("ada");
    f.setCreatedAt(ada, 1s);
    CHECK(f.users.updateLastLogin(ada.id));
    CHECK_FALSE(f.users.updateLastLogin("nobody"));
    const auto now = f.users.findById(ada.id);
    REQUIRE(now.has_value());
    CHECK(now->lastLoginAt >= ada.createdAt);
    CHECK(now->updatedAt >= *now->lastLoginAt);
    CHECK(now->createdAt == Timestamp(1s));
  }

  TEST_CASE("what is no user is refused by the table") {
    Opened f;
    f.add("ada");
    const auto codeOfAdding = [&](const std::string& email) {
      return codeOf([&] { f.users.create({.email = email}); });
    };
    CHECK(codeOfAdding("ada@example.com") == ErrorCode::Constraint);
    CHECK(codeOfAdding("nobody") == ErrorCode::Constraint);
    CHECK(codeOfAdding("@y") == ErrorCode::Constraint);
    CHECK(codeOfAdding("x@" + std::string(260, 'y')) == ErrorCode::Constraint);
    CHECK(codeOf([&] { f.pool.run("UPDATE users SET created_at = 'yesterday'"); }) == ErrorCode::Constraint);
    CHECK(f.users.count() == 1);
    CHECK(schemaDiff<User>(f.pool).empty());
  }
}
