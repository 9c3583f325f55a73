#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/repository.hpp>

#include "user.hpp"

namespace users {

/// The users of a device. What is found is cached for five minutes, and for no longer than it is true. Any thread;
/// calls take five seconds at most and throw holdfast::Error.
class UserRepository : public holdfast::BaseRepository<User> {
 public:
  explicit UserRepository(holdfast::ConnectionPool& pool)
      : BaseRepository(pool, {.cacheEnabled = true,
                              .cacheTtl = std::chrono::minutes{5},
                              .queryTimeout = std::chrono::seconds{5},
                              .maxRetries = 3}) {}

  /// In whatever state. The case of letters counts. With a transaction, as that sees it.
  std::optional<User> findByEmail(const std::string& email, holdfast::Transaction* transaction = nullptr) const {
    return findOne({.where = holdfast::field(&User::email) == email, .transaction = transaction});
  }
  /// The newest first.
  std::vector<User> findActiveUsers() const {
    return findMany({.where = isActive(), .orderBy = {holdfast::descending(&User::createdAt)}});
  }
  /// Whether there is such a user.
  bool updateLastLogin(const std::string& id) const {
    return update(id, {holdfast::set(&User::lastLoginAt, now())}).has_value();
  }
  /// Marks the user as gone; the row stays. Whether there was one that was not.
  bool retire(const std::string& id) const {
    return updateMany(holdfast::field(&User::id) == id && holdfast::field(&User::deletedAt).isNull(),
                      {holdfast::set(&User::deletedAt, now())}) > 0;
  }

  static holdfast::Where<User> isActive() {
    return holdfast::field(&User::status) == Status::Active && holdfast::field(&User::deletedAt).isNull();
  }

  // Whoever writes a user, these are right.
  void beforeCreate(User& user, holdfast::Transaction* /*transaction*/) const override {
    if (user.id.empty()) user.id = holdfast::Uuid::make().text();
    user.createdAt = user.updatedAt = now();
  }
  void beforeUpsert(User& user, holdfast::Transaction* /*transaction*/) const override {
    if (user.id.empty()) user.id = holdfast::Uuid::make().text();
    user.updatedAt = now();
    if (user.createdAt == holdfast::Timestamp{}) user.createdAt = user.updatedAt;
  }
  void beforeUpdate(const std::string& /*id*/, holdfast::Changes<User>& changes,
                    holdfast::Transaction* /*transaction*/) const override {
    changes.set(&User::updatedAt, now());
  }
  void beforeUpdateMany(const holdfast::Where<User>& /*where*/, holdfast::Changes<User>& changes,
                        holdfast::Transaction* /*transaction*/) const override {
    changes.set(&User::updatedAt, now());
  }

 private:
  static holdfast::Timestamp now() {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
};

}  // namespace users
