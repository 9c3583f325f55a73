#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <holdfast/mapping.hpp>

namespace users {

enum class Role : std::uint8_t { Member, Operator, Administrator };
enum class Status : std::uint8_t { Invited, Active, Locked };

struct User {
  std::string id{};  ///< A UUID; empty: create() makes one.
  std::string email{};
  std::string name{};
  Role role = Role::Member;
  Status status = Status::Active;
  holdfast::Timestamp createdAt{};  ///< Of the repository's own, as updatedAt.
  holdfast::Timestamp updatedAt{};
  std::optional<holdfast::Timestamp> lastLoginAt{};
  std::optional<holdfast::Timestamp> deletedAt{};  ///< Users that are gone stay in the table, for what refers to them.
  bool operator==(const User&) const = default;
};

}  // namespace users

// Kept as text, so that the table can be read without this file.
template <>
struct holdfast::EnumNames<users::Role> {
  static constexpr std::array values{std::pair{users::Role::Member, "member"},
                                     std::pair{users::Role::Operator, "operator"},
                                     std::pair{users::Role::Administrator, "administrator"}};
};
template <>
struct holdfast::EnumNames<users::Status> {
  static constexpr std::array values{std::pair{users::Status::Invited, "invited"},
                                     std::pair{users::Status::Active, "active"},
                                     std::pair{users::Status::Locked, "locked"}};
};

template <>
struct holdfast::Mapping<users::User> {
  using User = users::User;
  static constexpr auto table =
      holdfast::table<User>(
          "users", primaryKey("id", &User::id), column("email", &User::email).unique().maxLength(254).pattern("?*@?*"),
          column("name", &User::name).maxLength(200), column("role", &User::role), column("status", &User::status),
          column("created_at", &User::createdAt), column("updated_at", &User::updatedAt),
          column("last_login_at", &User::lastLoginAt), column("deleted_at", &User::deletedAt),
          index("status", "created_at"))  // For findActiveUsers(): no sort.
          .withoutRowId();
};
