#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include <holdfast/detail/bound_entity.hpp>
#include <holdfast/detail/entity_inserter.hpp>
#include <holdfast/detail/entity_text.hpp>
#include <holdfast/detail/repository_core.hpp>
#include <holdfast/field.hpp>
#include <holdfast/query_options.hpp>
#include <holdfast/repository_hooks.hpp>
#include <holdfast/repository_options.hpp>
#include <holdfast/repository_reads.hpp>

namespace holdfast {

/// The table of an entity. A program derives its own from it, for queries with names and for hooks; or uses it as it
/// is.
///
/// Any thread; copies are cheap and count together, and have the hooks of their own type. Every call blocks for a
/// handle, for the locks of other processes and for the storage, until the timeout. Errors say the table and the key of
/// the row; a call that fails has changed nothing.
template <typename Entity>
class BaseRepository : public RepositoryReads<Entity>, public RepositoryHooks<Entity> {
  using S = detail::Schema<Entity>;
  using Text = detail::EntityText<Entity>;
  using Reads = RepositoryReads<Entity>;
  using Hooks = RepositoryHooks<Entity>;
  using Reads::core_;

 public:
  using Key = KeyOf<Entity>;

  explicit BaseRepository(ConnectionPool& pool, const RepositoryOptions& options = {})
      : Reads(detail::RepositoryCore(pool, detail::kShape<Entity>, options)) {}

  /// The same repository inside of a transaction, for as long as both live: it calls the hooks of this object.
  BaseRepository in(Transaction& transaction) const { return BaseRepository(core_.in(transaction), hooks()); }

  /// Adds a row. An integer key that is zero is found by SQLite, and is in what is returned.
  Entity create(Entity entity) const {
    hooks().beforeCreate(entity, core_.transaction());
    add(entity);
    hooks().afterCreate(entity, core_.transaction());
    return entity;
  }
  /// Adds all of them, or none, in one transaction; several by one statement where there are no hooks around it
  /// (hasCreateHooks()), no trigger is fired and no constraint violated.
  std::vector<Entity> createMany(std::vector<Entity> entities) const {
    std::vector<bool> keyIsGiven;
    keyIsGiven.reserve(entities.size());
    for (const Entity& entity : entities) keyIsGiven.push_back(!detail::keyIsToBeFound(entity));
    const bool oneByOne = hasHooksToCall();
    bool again = false;  // The transaction may be carried out a second time.
    core_.inTransaction(detail::Operation::Create, [&](Transaction& tx) {
      for (std::size_t i = 0; again && i < entities.size(); ++i) {
        if (!keyIsGiven[i]) detail::setFoundKey(entities[i], 0);
      }
      again = true;
      detail::EntityInserter<Entity> inserter(tx);
      for (std::size_t done = 0; done < entities.size();) {
        std::size_t added = oneByOne ? 0 : inserter.addSeveral(std::span(entities).subspan(done));
        if (added == 0) {
          createOneOfMany(inserter, tx, entities[done], done + 1);
          added = 1;
        }
        done += added;
      }
    });
    return entities;
  }
  /// Adds the row, or changes all columns of the one that has its key. An integer key that is zero is found by SQLite.
  Entity upsert(Entity entity) const {
    hooks().beforeUpsert(entity, core_.transaction());
    if (detail::keyIsToBeFound(entity)) {
      add(entity);
    } else {
      const detail::BoundEntity<Entity> bound(entity);
      core_.write(detail::Operation::Create, detail::StaticText<typename Text::Upsert>::sql(), bound.values(),
                  {.row = bound.values()});
    }
    hooks().afterUpsert(entity, core_.transaction());
    return entity;
  }
  /// Changes some columns of a row. Returns the row as it is then; nothing where there is none with that key. Where the
  /// row cannot be read back the change is undone; in a transaction with that, so let the error leave its callback.
  std::optional<Entity> update(const Key& key, std::span<const Assignment<Entity>> assignments) const {
    Changes<Entity> changes(assignments);
    hooks().beforeUpdate(key, changes, core_.transaction());
    // One value for a column: the last one.
    std::array<std::string_view, S::kColumns> columns;
    std::array<ValueView, S::kColumns + S::kKeyColumns> values;
    std::size_t count = 0;
    changes.forEach([&](const Assignment<Entity>& change) {
      const auto at = static_cast<std::size_t>(std::find(columns.begin(), columns.begin() + count, change.column) -
                                               columns.begin());
      columns[at] = change.column;
      values[at] = change.value.view();
      count = std::max(count, at + 1);
    });
    const detail::BoundKey<Entity> bound(key);
    std::copy(bound.values().begin(), bound.values().end(), values.begin() + count);
    std::optional<Entity> changed;
    auto take = [&changed](const RowView& row) { detail::readEntity(row, changed.emplace()); };
    core_.update({detail::StaticText<typename Text::UpdateBegin>::text(),
                  {columns.data(), count},
                  detail::StaticText<typename Text::ByKeyReturning>::text()},
                 {values.data(), count + S::kKeyColumns}, detail::RowVisitor(take), {.row = bound.values()});
    if (changed) hooks().afterUpdate(*changed, core_.transaction());
    return changed;
  }
  std::optional<Entity> update(const Key& key, std::initializer_list<Assignment<Entity>> changes) const {
    return update(key, std::span(changes.begin(), changes.size()));
  }
  /// Changes some columns of all rows that fulfil the condition, which must not be empty. Returns their number.
  std::int64_t updateMany(const Where<Entity>& where, std::span<const Assignment<Entity>> assignments) const {
    Changes<Entity> changes(assignments);
    hooks().beforeUpdateMany(where, changes, core_.transaction());
    detail::QueryText query(detail::StaticText<typename Text::UpdateBegin>::text());
    assign(query, changes);
    query.whereMeant(where.condition());
    const std::int64_t rows = core_.write(detail::Operation::Update, query.sql(), query.values).changes;
    hooks().afterUpdateMany(where, changes, rows, core_.transaction());
    return rows;
  }
  std::int64_t updateMany(const Where<Entity>& where, std::initializer_list<Assignment<Entity>> changes) const {
    return updateMany(where, std::span(changes.begin(), changes.size()));
  }
  /// Whether there was one.
  bool remove(const Key& key) const {
    hooks().beforeRemove(key, core_.transaction());
    const detail::BoundKey<Entity> bound(key);
    const RunResult result = core_.write(detail::Operation::Remove, detail::StaticText<typename Text::Remove>::sql(),
                                         bound.values(), {.row = bound.values()});
    if (result.changes > 0) hooks().afterRemove(key, core_.transaction());
    return result.changes > 0;
  }
  /// Removes all rows that fulfil the condition, which must not be empty. Returns their number.
  std::int64_t removeMany(const Where<Entity>& where) const {
    hooks().beforeRemoveMany(where, core_.transaction());
    detail::QueryText query(detail::StaticText<typename Text::RemoveBegin>::text());
    query.whereMeant(where.condition());
    const std::int64_t rows = core_.write(detail::Operation::Remove, query.sql(), query.values).changes;
    hooks().afterRemoveMany(where, rows, core_.transaction());
    return rows;
  }

  /// Makes the table, its indexes and its link tables where they are missing; changes nothing that is there. What is
  /// mapped for a column is checked by the table from then on, whoever writes to it.
  void createTable() const { core_.createTable(detail::TableFacts::of<Entity>()); }

 private:
  static constexpr std::span<const ValueView> kNoKey = {};

  BaseRepository(detail::RepositoryCore core, const Hooks& hooks) : Reads(std::move(core)), hooks_(&hooks) {}
  const Hooks& hooks() const noexcept { return hooks_ != nullptr ? *hooks_ : *this; }

  void add(Entity& entity) const {
    const bool withoutKey = detail::keyIsToBeFound(entity);
    RunResult result;
    {
      const detail::BoundEntity<Entity> bound(entity, withoutKey);
      result = core_.write(detail::Operation::Create, Text::insert(withoutKey), bound.values(),
                           {.row = withoutKey ? kNoKey : bound.values()});
    }
    if (withoutKey) detail::setFoundKey(entity, detail::keyFound(result, S::table.name));
  }
  void createOneOfMany(detail::EntityInserter<Entity>& inserter, Transaction& tx, Entity& entity,
                       std::size_t number) const {
    hooks().beforeCreate(entity, &tx);
    inserter.add(entity, number);
    hooks().afterCreate(entity, &tx);
  }
  bool hasHooksToCall() const {
    const Hooks& called = hooks();
#ifdef __cpp_rtti
    if (typeid(called) == typeid(BaseRepository)) return false;
#endif
    return called.hasCreateHooks();
  }
  static void assign(detail::QueryText& query, const Changes<Entity>& changes) {
    if (changes.empty()) detail::throwNothingToChange();
    bool first = true;
    changes.forEach([&](const Assignment<Entity>& change) {
      query.assign(change.column, change.value, first);
      first = false;
    });
  }

  /// Those of the repository that this one is a view of; null: its own.
  const Hooks* hooks_ = nullptr;
};

}  // namespace holdfast
