#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <holdfast/detail/bound_entity.hpp>
#include <holdfast/detail/entity_text.hpp>
#include <holdfast/detail/key_index.hpp>
#include <holdfast/field.hpp>
#include <holdfast/relation.hpp>

namespace holdfast {

template <typename Entity>
class Include;

namespace detail {

/// The entities that a query has found, and the group of entities that each belongs to.
template <typename Other>
struct Related {
  std::vector<Other> entities;
  std::vector<std::size_t> groups;
};

/// Hands one found entity to all of a group.
template <typename Entity, typename Member, typename Other>
void handOut(std::span<Entity> parents, Member Entity::*member, Other&& other, std::span<const std::size_t> group) {
  if constexpr (InShared<Member>::value) {
    const auto shared = std::make_shared<Other>(std::move(other));
    for (const std::size_t parent : group) {
      if (parents[parent].*member == nullptr) parents[parent].*member = shared;
    }
  } else {
    const auto give = [&](std::size_t parent, auto&& value) {
      Member& target = parents[parent].*member;
      if constexpr (InVector<Member>::value) {
        target.push_back(std::forward<decltype(value)>(value));
      } else if (!target) {
        target.emplace(std::forward<decltype(value)>(value));
      }
    };
    for (const std::size_t parent : group.first(group.size() - 1)) give(parent, std::as_const(other));
    give(group.back(), std::move(other));
  }
}

template <typename Entity, typename Key>
KeyIndex indexBy(std::span<Entity> entities, Key Entity::*key) {
  KeyIndex index;
  for (std::size_t i = 0; i < entities.size(); ++i) {
    typename ColumnType<Key>::Buffer buffer;
    index.add(ColumnType<Key>::bind(entities[i].*key, buffer), i);
  }
  index.sort();
  return index;
}

/// One query for all entities of a relation. Mapping<Other> is looked at here, and nowhere before.
template <typename Entity, typename Relation>
class RelationLoader {
  using Other = typename Relation::Other;
  using S = Schema<Entity>;
  using SOther = Schema<Other>;
  using KeyMember = typename S::template Member<S::kKey>;
  using OtherKeyMember = typename SOther::template Member<SOther::kKey>;

 public:
  static void load(StatementExecutor& executor, const Relation& relation, std::span<Entity> parents,
                   const std::vector<Include<Other>>& nested) {
    for (Entity& parent : parents) parent.*(relation.member) = {};
    const KeyIndex index = indexOf(relation, parents);
    if (index.groups() == 0) return;
    Related<Other> found = query(executor, relation, index);
    for (const Include<Other>& include : nested) include.load(executor, std::span<Other>(found.entities));
    for (std::size_t i = 0; i < found.entities.size(); ++i) {
      handOut(parents, relation.member, std::move(found.entities[i]), index.entitiesOf(found.groups[i]));
    }
  }

 private:
  static KeyIndex indexOf(const Relation& relation, std::span<Entity> parents) {
    if constexpr (kIsBelongsTo<Relation>) {
      static_assert(SOther::kKeyColumns == 1, "holdfast: belongsTo() needs an entity with a key of one column");
      static_assert(std::is_same_v<typename Inner<typename Relation::ForeignKey>::Type, OtherKeyMember>,
                    "holdfast: the foreign key of belongsTo() must have the type of the other entity's key");
      return indexBy(parents, relation.foreignKey);
    } else {
      static_assert(S::kKeyColumns == 1, "holdfast: this relation needs an entity with a key of one column");
      return indexBy(parents, S::template column<S::kKey>().member);
    }
  }

  static Related<Other> query(StatementExecutor& executor, const Relation& relation, const KeyIndex& index) {
    if constexpr (kIsManyToMany<Relation>) {
      static_assert(SOther::kKeyColumns == 1, "holdfast: manyToMany() needs an entity with a key of one column");
      return run(executor, index,
                 linkBegin(kShape<Other>, relation.linkTable, relation.ownColumn, relation.otherColumn),
                 relation.ownColumn, linkEnd(kShape<Other>), SOther::kColumns);
    } else {
      std::size_t column = SOther::kKey;
      if constexpr (!kIsBelongsTo<Relation>) {
        static_assert(std::is_same_v<typename Inner<typename Relation::ForeignKey>::Type, KeyMember>,
                      "holdfast: the foreign key of hasMany() and hasOne() must have the type of this entity's key");
        column = positionOf(relation.foreignKey);
      }
      std::string order;
      appendKeyOrder(order, kShape<Other>);
      return run(executor, index, StaticText<typename EntityText<Other>::SelectAll>::text(),
                 kShape<Other>.columns[column], order, column);
    }
  }

  /// `keyColumn`: the position, in the result, of the value that says which group a row belongs to.
  static Related<Other> run(StatementExecutor& executor, const KeyIndex& index, std::string_view begin,
                            std::string_view column, std::string_view end, std::size_t keyColumn) {
    Related<Other> found;
    auto read = [&](const RowView& row) {
      const std::size_t group = index.groupOf(row.at(keyColumn));
      if (group == KeyIndex::kNoGroup) return;
      readEntity(row, found.entities.emplace_back());
      found.groups.push_back(group);
    };
    index.forEachRow(executor, begin, column, end, RowVisitor(read));
    return found;
  }
};

}  // namespace detail
}  // namespace holdfast
