#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <holdfast/cache_manager.hpp>
#include <holdfast/detail/bound_entity.hpp>
#include <holdfast/detail/entity_reads.hpp>
#include <holdfast/detail/repository_core.hpp>
#include <holdfast/observation.hpp>
#include <holdfast/query_options.hpp>

namespace holdfast {

/// What BaseRepository finds, and keeps where cacheEnabled is set. Any thread. Every call blocks for a handle and for
/// reading, until its timeout. Errors say the table, and the key of the row that was asked for or read: what SQLite
/// reports, and TypeMismatch where a stored value does not fit its member.
///
/// The cache is passed by in transactions, and where relations are included. What it answers is what the database
/// holds: a read that begins after a commit, of whomever, sees it.
template <typename Entity>
class RepositoryFinds {
  using Text = detail::EntityText<Entity>;
  using Reader = detail::EntityReader<Entity>;
  using Tables = detail::RepositoryCore::Tables;

 public:
  using Key = KeyOf<Entity>;

  std::optional<Entity> findById(const Key& key) const {
    std::optional<Entity> found;
    const detail::BoundKey<Entity> bound(key);
    if (!core_.caches()) {
      load(bound, found);
      return found;
    }
    const auto copy = [&found](const Entity* kept) {
      if (kept != nullptr) found.emplace(*kept);
    };
    if (core_.template takeCached<Entity>(detail::CacheKey(bound.values()), copy)) return found;
    copy(findShared(key).get());
    return found;
  }
  std::optional<Entity> findById(const Key& key, const FindOptions<Entity>& options) const {
    const Reader reader(options.select, options.include);
    detail::QueryText query = reader.begin();
    query.text += detail::StaticText<typename Text::ByKey>::text();
    const detail::BoundKey<Entity> bound(key);
    std::optional<Entity> found;
    auto take = [&](const RowView& row) {
      reader.read(row, found.emplace());
      return false;
    };
    read(detail::Operation::Find, query.sql(), bound.values(), detail::RowVisitor(take),
         {bound.values(), options.timeout, options.transaction}, options.include,
         [&found] { return std::span<Entity>(found ? &*found : nullptr, static_cast<std::size_t>(found ? 1 : 0)); });
    return found;
  }
  /// The row as the cache holds it, without a copy; null where there is none.
  std::shared_ptr<const Entity> findShared(const Key& key) const {
    const detail::BoundKey<Entity> bound(key);
    const auto loadOne = [&] {
      std::optional<Entity> found;
      CacheManager::Loaded<Entity> loaded;
      loaded.parts = load(bound, found);
      if (!found) return loaded;
      loaded.bytes = detail::heapBytes(*found);
      loaded.value = std::make_shared<const Entity>(std::move(*found));
      return loaded;
    };
    if (!core_.caches()) return loadOne().value;
    return core_.template cached<Entity>(detail::CacheKey(bound.values()), {.row = bound.values()}, loadOne);
  }
  bool exists(const Key& key) const {
    bool found = false;
    auto take = [&found](const RowView&) {
      found = true;
      return false;
    };
    const detail::BoundKey<Entity> bound(key);
    core_.read(detail::Operation::Find, detail::StaticText<typename Text::Exists>::sql(), bound.values(),
               detail::RowVisitor(take), {.row = bound.values()});
    return found;
  }
  std::vector<Entity> findMany(const QueryOptions<Entity>& options = {}) const {
    const Reader reader(options.select, options.include);
    const detail::QueryText query = detail::queryText(reader, options);
    std::vector<Entity> found;
    if (!caches(options)) {
      load(reader, query, options, found);
      return found;
    }
    const auto loadAll = [&] {
      CacheManager::Loaded<std::vector<Entity>> loaded;
      loaded.parts = load(reader, query, options, found);
      for (const Entity& entity : found) loaded.bytes += detail::heapBytes(entity);
      loaded.bytes += static_cast<std::int64_t>(found.capacity() * sizeof(Entity));
      loaded.value = std::make_shared<const std::vector<Entity>>(std::move(found));
      return loaded;
    };
    const detail::CacheKey key("findMany", query.text, query.values);
    return *core_.template cached<std::vector<Entity>>(key, scopeOf(options), loadAll);
  }
  /// The first one; `limit` has no meaning.
  std::optional<Entity> findOne(QueryOptions<Entity> options = {}) const {
    options.limit = 1;
    std::vector<Entity> found = findMany(options);
    return found.empty() ? std::nullopt : std::optional<Entity>(std::move(found.front()));
  }
  /// Rows that fulfil `where`.
  std::int64_t count(const QueryOptions<Entity>& options = {}) const {
    detail::QueryText query(detail::StaticText<typename Text::Count>::text());
    query.where(options.where.condition());
    std::int64_t total = 0;
    auto take = [&total](const RowView& row) { total = row.get<std::int64_t>(0); };
    const auto look = [&] {
      return core_.read(detail::Operation::List, query.sql(), query.values, detail::RowVisitor(take), scopeOf(options));
    };
    if (!caches(options)) {
      look();
      return total;
    }
    const auto loadCount = [&] {
      const Tables tables = look();
      return CacheManager::Loaded<std::int64_t>{std::make_shared<const std::int64_t>(total), 0, tables};
    };
    const detail::CacheKey key("count", query.text, query.values);
    return *core_.template cached<std::int64_t>(key, scopeOf(options), loadCount);
  }

  /// Calls `changed` with what findMany() finds after each commit that may have changed that, as Observation says.
  /// Reads once at once, which throws where the options are wrong.
  [[nodiscard]] Observation observe(QueryOptions<Entity> options,
                                    std::function<void(const std::vector<Entity>&)> changed) const {
    detail::requireObservable(core_, options.transaction, changed != nullptr);
    return core_.observe(
        [self = *this, options = std::move(options), changed = std::move(changed)](bool hasChanged, Tables& tables) {
          std::vector<Entity> found;
          const Reader reader(options.select, options.include);
          tables = self.load(reader, detail::queryText(reader, options), options, found);
          if (hasChanged) changed(found);
        });
  }

  RepositoryMetrics metrics() const { return core_.metrics(); }
  /// What is kept, by names like "reading:7" and "reading:findMany:...", to be dropped by name or pattern. It needs no
  /// such help to see what was committed. Throws Error{Misuse} where cacheEnabled is not set.
  CacheManager& cache() const { return core_.cache(); }

 protected:
  explicit RepositoryFinds(detail::RepositoryCore core) : core_(std::move(core)) {}
  ~RepositoryFinds() = default;
  RepositoryFinds(const RepositoryFinds&) = default;
  RepositoryFinds& operator=(const RepositoryFinds&) = default;

  static detail::CallScope scopeOf(const QueryOptions<Entity>& options) {
    return {.timeout = options.timeout, .transaction = options.transaction};
  }
  // These return the tables that they have read. `found()`: the entities that `visit` has read, for the relations to be
  // loaded into.
  template <typename Found>
  Tables list(const Reader& reader, const QueryOptions<Entity>& options, detail::RowVisitor visit, Found found) const {
    const detail::QueryText query = detail::queryText(reader, options);
    return read(detail::Operation::List, query.sql(), query.values, visit, scopeOf(options), options.include, found);
  }
  template <typename Found>
  Tables read(detail::Operation operation, const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit,
              const detail::CallScope& scope, const std::vector<Include<Entity>>& include, Found found) const {
    if (include.empty()) return core_.read(operation, sql, values, visit, scope);
    return core_.readTogether(operation, scope, [&](StatementExecutor& executor) {
      executor.visitBound(sql, values, visit);
      for (const Include<Entity>& relation : include) relation.load(executor, found());
    });
  }

  detail::RepositoryCore core_;

 private:
  bool caches(const QueryOptions<Entity>& options) const noexcept {
    return options.include.empty() && core_.caches(scopeOf(options));
  }
  Tables load(const detail::BoundKey<Entity>& key, std::optional<Entity>& found) const {
    auto take = [&found](const RowView& row) {
      detail::readEntity(row, found.emplace());
      return false;
    };
    return core_.read(detail::Operation::Find, detail::StaticText<typename Text::FindByKey>::sql(), key.values(),
                      detail::RowVisitor(take), {.row = key.values()});
  }
  Tables load(const Reader& reader, const detail::QueryText& query, const QueryOptions<Entity>& options,
              std::vector<Entity>& found) const {
    if (options.limit && *options.limit > 0 && *options.limit < 100'000) {
      found.reserve(static_cast<std::size_t>(*options.limit));
    }
    auto take = [&](const RowView& row) { reader.read(row, found.emplace_back()); };
    return read(detail::Operation::List, query.sql(), query.values, detail::RowVisitor(take), scopeOf(options),
                options.include, [&found] { return std::span<Entity>(found); });
  }
};

}  // namespace holdfast
