#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <holdfast/detail/bound_entity.hpp>
#include <holdfast/detail/entity_reads.hpp>
#include <holdfast/detail/entity_text.hpp>
#include <holdfast/detail/repository_core.hpp>
#include <holdfast/field.hpp>
#include <holdfast/query_options.hpp>
#include <holdfast/repository_options.hpp>

namespace holdfast {

/// The table of an entity. Any thread; copies are cheap and count together.
template <typename Entity>
class BaseRepository {
  using S = detail::Schema<Entity>;
  using Text = detail::EntityText<Entity>;

 public:
  using Key = KeyOf<Entity>;

  explicit BaseRepository(ConnectionPool& pool, const RepositoryOptions& options = {})
      : core_(pool, detail::kShape<Entity>, options) {}

  /// The same repository inside of a transaction, for as long as that lives.
  BaseRepository in(Transaction& transaction) const { return BaseRepository(core_.in(transaction)); }

  std::optional<Entity> findById(const Key& key) const {
    std::optional<Entity> found;
    if (core_.caches()) {
      const detail::BoundKey<Entity> bound(key);
      const auto copy = [&found](const Entity* kept) {
        if (kept != nullptr) found.emplace(*kept);
      };
      if (core_.template takeCached<Entity>(detail::CacheKey(bound.values()), copy)) return found;
      const std::shared_ptr<const Entity> kept = findShared(key);
      if (kept != nullptr) found.emplace(*kept);
      return found;
    }
    findUncached(key, found);
    return found;
  }
  /// The same as the cache holds it, without a copy; null where there is no row.
  std::shared_ptr<const Entity> findShared(const Key& key) const {
    const detail::BoundKey<Entity> bound(key);
    const auto load = [&] {
      std::optional<Entity> found;
      CacheManager::Loaded<Entity> loaded;
      loaded.parts = findUncached(key, found);
      if (!found) return loaded;
      loaded.bytes = detail::heapBytes(*found);
      loaded.value = std::make_shared<const Entity>(std::move(*found));
      return loaded;
    };
    if (!core_.caches()) return load().value;
    return core_.template cached<Entity>(detail::CacheKey(bound.values()), {.row = bound.values()}, load);
  }
  std::optional<Entity> findById(const Key& key, const FindOptions<Entity>& options) const {
    const detail::EntityReader<Entity> reader(options.select, options.include);
    detail::QueryText query = reader.begin();
    query.text += detail::StaticText<ByKeyText>::text();
    const detail::BoundKey<Entity> bound(key);
    std::optional<Entity> found;
    auto take = [&](const RowView& row) {
      reader.read(row, found.emplace());
      return false;
    };
    read(detail::Operation::Find, query.sql(), bound.values(), detail::RowVisitor(take),
         {bound.values(), options.timeout, options.transaction}, options.include,
         [&found] { return std::span<Entity>(found ? &*found : nullptr, found ? 1 : 0); });
    return found;
  }
  bool exists(const Key& key) const {
    bool found = false;
    auto read = [&found](const RowView&) {
      found = true;
      return false;
    };
    const detail::BoundKey<Entity> bound(key);
    core_.read(detail::Operation::Find, detail::StaticText<typename Text::Exists>::sql(), bound.values(),
               detail::RowVisitor(read), {.row = bound.values()});
    return found;
  }
  std::vector<Entity> findMany(const QueryOptions<Entity>& options = {}) const {
    const detail::EntityReader<Entity> reader(options.select, options.include);
    const detail::QueryText query = detail::queryText(reader, options);
    std::vector<Entity> found;
    if (!caches(options)) {
      findUncached(reader, query, options, found);
      return found;
    }
    const auto load = [&] {
      CacheManager::Loaded<std::vector<Entity>> loaded;
      loaded.parts = findUncached(reader, query, options, found);
      for (const Entity& entity : found) loaded.bytes += detail::heapBytes(entity);
      loaded.bytes += static_cast<std::int64_t>(found.capacity() * sizeof(Entity));
      loaded.value = std::make_shared<const std::vector<Entity>>(std::move(found));
      return loaded;
    };
    return *core_.template cached<std::vector<Entity>>({"findMany", query.text, query.values}, scopeOf(options), load);
  }
  std::optional<Entity> findOne(QueryOptions<Entity> options = {}) const {
    options.limit = 1;
    std::vector<Entity> found = findMany(options);
    return found.empty() ? std::nullopt : std::optional<Entity>(std::move(found.front()));
  }
  /// Calls `visit(const Entity&)` for each, in constant memory; false from it ends the reading.
  template <typename F>
    requires std::invocable<F&, const Entity&>
  void forEach(const QueryOptions<Entity>& options, F&& visit) const {
    Entity entity{};
    const detail::EntityReader<Entity> reader(options.select, options.include);
    auto take = [&](const RowView& row) {
      reader.read(row, entity);
      return detail::visitEntity(visit, std::as_const(entity));
    };
    detail::refuseInclude(!options.include.empty());
    list(reader, options, detail::RowVisitor(take), [] { return std::span<Entity>(); });
  }
  std::int64_t count(const QueryOptions<Entity>& options = {}) const {
    detail::QueryText query(detail::StaticText<CountText>::text());
    query.where(options.where.condition());
    const auto load = [&] {
      std::int64_t total = 0;
      auto read = [&total](const RowView& row) { total = row.get<std::int64_t>(0); };
      CacheManager::Loaded<std::int64_t> loaded;
      loaded.parts =
          core_.read(detail::Operation::List, query.sql(), query.values, detail::RowVisitor(read), scopeOf(options));
      loaded.value = std::make_shared<const std::int64_t>(total);
      return loaded;
    };
    if (!caches(options)) return *load().value;
    return *core_.template cached<std::int64_t>({"count", query.text, query.values}, scopeOf(options), load);
  }

  /// Adds a row. An integer key that is zero is found by SQLite, and is in what is returned.
  Entity create(Entity entity) const {
    const bool withoutKey = keyIsToBeFound(entity);
    RunResult result;
    {
      const detail::BoundEntity<Entity> bound(entity, withoutKey);
      result = core_.write(detail::Operation::Create, insertText(withoutKey), bound.values(),
                           {.row = withoutKey ? kNoKey : bound.values()});
    }
    if (withoutKey) setKey(entity, result.lastInsertRowId);
    return entity;
  }
  /// Adds all of them, or none, in one transaction.
  std::vector<Entity> createMany(std::vector<Entity> entities) const {
    core_.inTransaction(detail::Operation::Create, [&entities](Transaction& tx) {
      std::size_t number = 0;
      for (Entity& entity : entities) {
        const bool withoutKey = keyIsToBeFound(entity);
        const detail::BoundEntity<Entity> bound(entity, withoutKey);
        ++number;
        try {
          const RunResult result = tx.runBound(insertText(withoutKey), bound.values());
          if (withoutKey) setKey(entity, result.lastInsertRowId);
        } catch (Error& error) {
          detail::addEntityNumber(error, detail::kShape<Entity>, number, withoutKey ? kNoKey : bound.values());
          throw;
        }
      }
    });
    return entities;
  }
  /// Adds the row, or changes the one that has its key.
  void upsert(const Entity& entity) const {
    const detail::BoundEntity<Entity> bound(entity);
    core_.write(detail::Operation::Create, detail::StaticText<typename Text::Upsert>::sql(), bound.values(),
                {.row = bound.values()});
  }
  /// Changes some columns of a row. Returns the row as it is then; nothing where there is none with that key.
  std::optional<Entity> update(const Key& key, std::initializer_list<Assignment<Entity>> changes) const {
    detail::QueryText query(detail::StaticText<UpdateText>::text());
    assign(query, changes);
    query.text += detail::StaticText<ByKeyText>::text();
    query.text += " RETURNING ";
    query.text += detail::StaticText<typename Text::Columns>::text();
    const detail::BoundKey<Entity> bound(key);
    query.values.insert(query.values.end(), bound.values().begin(), bound.values().end());
    std::optional<Entity> changed;
    auto read = [&changed](const RowView& row) { detail::readEntity(row, changed.emplace()); };
    core_.writeReturning(detail::Operation::Update, query.sql(), query.values, detail::RowVisitor(read),
                         {.row = bound.values()});
    return changed;
  }
  /// Changes some columns of all rows that fulfil the condition, which must not be empty. Returns their number.
  std::int64_t updateMany(const Where<Entity>& where, std::initializer_list<Assignment<Entity>> changes) const {
    detail::QueryText query(detail::StaticText<UpdateText>::text());
    assign(query, changes);
    query.whereMeant(where.condition());
    return core_.write(detail::Operation::Update, query.sql(), query.values).changes;
  }
  /// Whether there was one.
  bool remove(const Key& key) const {
    const detail::BoundKey<Entity> bound(key);
    return core_
               .write(detail::Operation::Remove, detail::StaticText<typename Text::Remove>::sql(), bound.values(),
                      {.row = bound.values()})
               .changes > 0;
  }
  /// Removes all rows that fulfil the condition, which must not be empty. Returns their number.
  std::int64_t removeMany(const Where<Entity>& where) const {
    detail::QueryText query(detail::StaticText<DeleteText>::text());
    query.whereMeant(where.condition());
    return core_.write(detail::Operation::Remove, query.sql(), query.values).changes;
  }

  /// Makes the table and its indexes where they are missing; changes nothing that is there. What is mapped for a column is
  /// checked by the table from then on, whoever writes to it.
  void createTable() const { core_.createTable(detail::TableFacts::of<Entity>()); }

  RepositoryMetrics metrics() const { return core_.metrics(); }
  /// What is kept, by names like "reading:7" and "reading:findMany:...", to be dropped by name or pattern. It needs no
  /// such help to see what was committed. Throws Error{Misuse} where cacheEnabled is not set.
  CacheManager& cache() const { return core_.cache(); }

  /// Calls `changed` with what findMany() finds after each commit that may have changed that, as Observation says. Reads
  /// once at once, which throws where the options are wrong.
  [[nodiscard]] Observation observe(QueryOptions<Entity> options,
                                    std::function<void(const std::vector<Entity>&)> changed) const {
    return core_.observe([self = *this, options = std::move(options), changed = std::move(changed)](
                             bool hasChanged, const std::function<void(std::uint64_t)>& note) {
      std::vector<Entity> found;
      const detail::EntityReader<Entity> reader(options.select, options.include);
      note(self.findUncached(reader, detail::queryText(reader, options), options, found));
      if (hasChanged) changed(found);
    });
  }

 private:
  explicit BaseRepository(detail::RepositoryCore core) : core_(std::move(core)) {}

  struct CountText {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      sink.put("SELECT count(*) FROM ");
      Text::putTable(sink);
    }
  };
  struct UpdateText {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      sink.put("UPDATE ");
      Text::putTable(sink);
      sink.put(" SET ");
    }
  };
  struct DeleteText {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      sink.put("DELETE FROM ");
      Text::putTable(sink);
    }
  };
  struct ByKeyText {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      Text::putByKey(sink);
    }
  };

  static const Sql& insertText(bool withoutKey) {
    return withoutKey ? detail::StaticText<typename Text::InsertWithoutKey>::sql()
                      : detail::StaticText<typename Text::Insert>::sql();
  }
  static bool keyIsToBeFound(const Entity& entity) {
    if constexpr (S::kHasRowIdKey)
      return entity.*(S::template column<S::kKey>().member) == 0;
    else
      return false;
  }
  static void setKey(Entity& entity, std::int64_t rowId) {
    if constexpr (S::kHasRowIdKey) {
      entity.*(S::template column<S::kKey>().member) = static_cast<typename S::template Member<S::kKey>>(rowId);
    }
  }
  static void assign(detail::QueryText& query, std::initializer_list<Assignment<Entity>> changes) {
    if (changes.size() == 0) detail::throwNothingToChange();
    bool first = true;
    for (const Assignment<Entity>& change : changes) {
      query.assign(change.column, change.value, first);
      first = false;
    }
  }
  static detail::CallScope scopeOf(const QueryOptions<Entity>& options) {
    return {.timeout = options.timeout, .transaction = options.transaction};
  }
  /// What relations hold is not kept, and nothing while a transaction reads.
  bool caches(const QueryOptions<Entity>& options) const noexcept {
    return options.include.empty() && core_.caches(scopeOf(options));
  }
  // These return the tables that they have read.
  std::uint64_t findUncached(const Key& key, std::optional<Entity>& found) const {
    auto read = [&found](const RowView& row) {
      detail::readEntity(row, found.emplace());
      return false;
    };
    const detail::BoundKey<Entity> bound(key);
    return core_.read(detail::Operation::Find, detail::StaticText<typename Text::FindByKey>::sql(), bound.values(),
                      detail::RowVisitor(read), {.row = bound.values()});
  }
  std::uint64_t findUncached(const detail::EntityReader<Entity>& reader, const detail::QueryText& query,
                             const QueryOptions<Entity>& options, std::vector<Entity>& found) const {
    if (options.limit && *options.limit > 0 && *options.limit < 100'000) {
      found.reserve(static_cast<std::size_t>(*options.limit));
    }
    auto take = [&](const RowView& row) { reader.read(row, found.emplace_back()); };
    return read(detail::Operation::List, query.sql(), query.values, detail::RowVisitor(take), scopeOf(options),
                options.include, [&found] { return std::span<Entity>(found); });
  }
  /// `found()`: the entities that `visit` has read, for the relations to be loaded into.
  template <typename Found>
  std::uint64_t list(const detail::EntityReader<Entity>& reader, const QueryOptions<Entity>& options,
                     detail::RowVisitor visit, Found found) const {
    const detail::QueryText query = detail::queryText(reader, options);
    return read(detail::Operation::List, query.sql(), query.values, visit, scopeOf(options), options.include, found);
  }
  template <typename Found>
  std::uint64_t read(detail::Operation operation, const Sql& sql, std::span<const ValueView> values,
                     detail::RowVisitor visit, const detail::CallScope& scope,
                     const std::vector<Include<Entity>>& include, Found found) const {
    if (include.empty()) return core_.read(operation, sql, values, visit, scope);
    return core_.readTogether(operation, scope, [&](StatementExecutor& executor) {
      executor.visitBound(sql, values, visit);
      for (const Include<Entity>& relation : include) relation.load(executor, found());
    });
  }

  static constexpr std::span<const ValueView> kNoKey = {};
  detail::RepositoryCore core_;
};

}  // namespace holdfast
