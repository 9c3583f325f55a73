#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <holdfast/repository.hpp>

namespace holdfast {

/// An entity that knows its repository:
///
///   struct Reading : holdfast::ActiveRecord<Reading> { std::int64_t id{}; std::string sensor; double value{}; };
///   ...                                            // Its Mapping is that of any entity.
///   ActiveRecord<Reading>::use(db);                // Once, before other threads use it.
///   Reading reading{.sensor = "boiler"};
///   reading.save();                                // Has an id now.
///   std::optional<Reading> same = Reading::find(reading.id);
///
/// The entity stays an aggregate without data of the base: designated initialisers work as before (GCC's
/// -Wmissing-field-initializers mentions the base); without names the base comes first: `Reading{{}, 1, "boiler"}`.
/// Errors are those of BaseRepository, and Misuse where no database was given.
template <typename Entity>
class ActiveRecord {
 public:
  /// Gives all entities of the type their repository, which may be one with hooks. The pool must outlive its use. Not
  /// while other threads use the type.
  static void use(std::shared_ptr<const BaseRepository<Entity>> repository) noexcept {
    bound() = std::move(repository);
  }
  static void use(ConnectionPool& pool, const RepositoryOptions& options = {}) {
    use(std::make_shared<const BaseRepository<Entity>>(pool, options));
  }
  /// Takes it back, before the pool goes.
  static void stopUsing() noexcept { bound() = nullptr; }
  static const BaseRepository<Entity>& repository() {
    const auto& repository = bound();
    if (repository == nullptr) detail::throwNoRepository(detail::Schema<Entity>::table.name);
    return *repository;
  }

  template <typename E = Entity>
  static std::optional<E> find(const KeyOf<E>& key) {
    return repository().findById(key);
  }
  template <typename E = Entity>
  static std::optional<E> find(const KeyOf<E>& key, const FindOptions<E>& options) {
    return repository().findById(key, options);
  }
  template <typename E = Entity>
  static std::vector<E> findMany(const QueryOptions<E>& options = {}) {
    return repository().findMany(options);
  }
  template <typename E = Entity>
  static std::optional<E> findOne(const QueryOptions<E>& options = {}) {
    return repository().findOne(options);
  }

  /// Adds the row, or changes the one that has its key; an integer key that is zero is found by SQLite. What hooks
  /// changed is in the entity then. As create() where the key is to be found, else as upsert().
  void save() { save(repository()); }
  void save(Transaction& transaction) { save(repository().in(transaction)); }
  /// Whether there was a row; the object stays as it is.
  bool remove() { return repository().remove(detail::keyOf(self())); }
  bool remove(Transaction& transaction) { return repository().in(transaction).remove(detail::keyOf(self())); }
  /// Reads the row again; false, and the object unchanged, where there is none any more. Relations are as in a new
  /// entity.
  bool reload() { return reload(repository()); }
  bool reload(Transaction& transaction) { return reload(repository().in(transaction)); }

  bool operator==(const ActiveRecord&) const noexcept = default;

 private:
  static std::shared_ptr<const BaseRepository<Entity>>& bound() noexcept {
    static std::shared_ptr<const BaseRepository<Entity>> repository;
    return repository;
  }
  Entity& self() noexcept { return static_cast<Entity&>(*this); }
  void save(const BaseRepository<Entity>& repository) {
    self() = detail::keyIsToBeFound(self()) ? repository.create(self()) : repository.upsert(self());
  }
  bool reload(const BaseRepository<Entity>& repository) {
    std::optional<Entity> found = repository.findById(detail::keyOf(self()));
    if (found) self() = std::move(*found);
    return found.has_value();
  }
};

}  // namespace holdfast
