#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <holdfast/detail/bound_entity.hpp>
#include <holdfast/detail/entity_text.hpp>
#include <holdfast/detail/repository_core.hpp>
#include <holdfast/query_options.hpp>

namespace holdfast::detail {

/// What a query reads of its rows: all columns; or the chosen ones, the key, and the foreign keys that relations need.
template <typename Entity>
class EntityReader {
  using S = Schema<Entity>;

 public:
  EntityReader(const std::vector<ColumnOf<Entity>>& select, const std::vector<Include<Entity>>& include)
      : readsAll_(select.empty()) {
    if (readsAll_) return;
    chosen_.fill(false);
    for (const ColumnOf<Entity>& column : select) chosen_[column.position()] = true;
    for (const std::size_t key : kShape<Entity>.keys) chosen_[key] = true;
    for (const Include<Entity>& relation : include) {
      if (relation.neededColumn() < S::kColumns) chosen_[relation.neededColumn()] = true;
    }
  }
  bool readsAll() const noexcept { return readsAll_; }
  QueryText begin() const {
    if (readsAll_) return QueryText(StaticText<typename EntityText<Entity>::SelectAll>::text());
    return QueryText(kShape<Entity>, chosen_);
  }
  void read(const RowView& row, Entity& entity) const {
    readsAll_ ? readEntity(row, entity) : readChosen<Entity>(row, chosen_, entity);
  }

 private:
  bool readsAll_;
  ColumnSet<Entity> chosen_;
};

template <typename Entity>
QueryText queryText(const EntityReader<Entity>& reader, const QueryOptions<Entity>& options) {
  QueryText query = reader.begin();
  query.where(options.where.condition());
  bool first = true;
  for (const Ordering<Entity>& ordering : options.orderBy) {
    query.orderBy(ordering.column, ordering.order, first);
    first = false;
  }
  query.limit(options.limit, options.offset);
  return query;
}

/// Calls `visit(entity)` as forEach() does.
template <typename Entity, typename F>
bool visitEntity(F& visit, const Entity& entity) {
  if constexpr (std::is_void_v<std::invoke_result_t<F&, const Entity&>>) {
    visit(entity);
    return true;
  } else {
    return static_cast<bool>(visit(entity));
  }
}

}  // namespace holdfast::detail
