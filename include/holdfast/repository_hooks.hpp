#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include <holdfast/query_options.hpp>

namespace holdfast {

/// The new values of an update, to which a hook may add.
template <typename Entity>
class Changes {
 public:
  /// `given` must live as long.
  explicit Changes(std::span<const Assignment<Entity>> given) noexcept : given_(given) {}
  /// A new value for one column more, or in the place of the one that was given.
  template <typename Member>
  void set(Member Entity::*member, const std::type_identity_t<Member>& value) {
    added_.push_back(holdfast::set(member, value));
  }
  template <typename Member>
  bool has(Member Entity::*member) const {
    const std::string_view column = detail::columnOf(member);
    bool found = false;
    forEach([&](const Assignment<Entity>& change) { found = found || change.column == column; });
    return found;
  }
  bool empty() const noexcept { return given_.empty() && added_.empty(); }
  /// Calls `visit(const Assignment<Entity>&)` for each. Of several for one column the last one counts.
  template <typename F>
  void forEach(F visit) const {
    for (const Assignment<Entity>& change : given_) visit(change);
    for (const Assignment<Entity>& change : added_) visit(change);
  }

 private:
  std::span<const Assignment<Entity>> given_;
  std::vector<Assignment<Entity>> added_;
};

/// What a repository calls around its writes: a class derived from BaseRepository overrides what it wants. Any thread
/// may call them, several at once.
///
/// A hook before a write may change what is written, or throw: then nothing is written and the exception travels on.
/// One after a write is called once the statement has succeeded and where it has changed something; what it throws
/// travels on.
///
/// `transaction` is the one that the write is part of, and null for a single write, which is a transaction of its own:
///
/// - Null: before is outside of it, and after comes when the change is committed. A hook that throws then does not undo
///   it.
/// - In a transaction the hooks run inside of it, on its thread: what they read and write must go through it
///   (`audit.in(*transaction).create(...)`), and is committed or undone with the rest. One that throws undoes it all
///   where the exception leaves the transaction's callback. What must happen only for what stays, such as telling
///   others, does not belong there: the transaction may be undone, and its callback run again.
///
/// A derived class without hooks around create() overrides hasCreateHooks(), too, and has createMany() add several rows
/// by one statement.
///
/// Who wants a write and what its hooks write to be one uses a transaction. upsert() calls its own pair, as nobody
/// knows beforehand what it will do. createMany() calls the hooks of create() for each entity, in its transaction.
/// updateMany() and removeMany() read no rows, and call a pair of their own once.
template <typename Entity>
class RepositoryHooks {
 public:
  using Key = KeyOf<Entity>;

  virtual void beforeCreate(Entity& /*entity*/, Transaction* /*transaction*/) const {}
  /// With its key.
  virtual void afterCreate(const Entity& /*entity*/, Transaction* /*transaction*/) const {}
  /// Whether createMany() has to add one row after the other, with the hooks of each around it.
  virtual bool hasCreateHooks() const { return true; }
  virtual void beforeUpsert(Entity& /*entity*/, Transaction* /*transaction*/) const {}
  virtual void afterUpsert(const Entity& /*entity*/, Transaction* /*transaction*/) const {}
  virtual void beforeUpdate(const Key& /*key*/, Changes<Entity>& /*changes*/, Transaction* /*transaction*/) const {}
  /// As it is then.
  virtual void afterUpdate(const Entity& /*entity*/, Transaction* /*transaction*/) const {}
  virtual void beforeRemove(const Key& /*key*/, Transaction* /*transaction*/) const {}
  virtual void afterRemove(const Key& /*key*/, Transaction* /*transaction*/) const {}
  virtual void beforeUpdateMany(const Where<Entity>& /*where*/, Changes<Entity>& /*changes*/,
                                Transaction* /*transaction*/) const {}
  /// `rows`: how many were changed.
  virtual void afterUpdateMany(const Where<Entity>& /*where*/, const Changes<Entity>& /*changes*/,
                               std::int64_t /*rows*/, Transaction* /*transaction*/) const {}
  virtual void beforeRemoveMany(const Where<Entity>& /*where*/, Transaction* /*transaction*/) const {}
  virtual void afterRemoveMany(const Where<Entity>& /*where*/, std::int64_t /*rows*/,
                               Transaction* /*transaction*/) const {}

 protected:
  RepositoryHooks() = default;
  RepositoryHooks(const RepositoryHooks&) = default;
  RepositoryHooks& operator=(const RepositoryHooks&) = default;
  virtual ~RepositoryHooks() = default;
};

}  // namespace holdfast
