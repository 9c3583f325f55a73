#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <holdfast/detail/relation_loader.hpp>

namespace holdfast {

/// A relation whose entities a query loads with its own: `.include = {&Reading::device}`, and with relations of theirs:
/// `.include = {include(&Reading::device, &Device::site)}`. Each is one query more, whatever the number of rows, on the
/// same view of the database. Throws Error{InvalidArgument} for a member that the mapping names in no relation.
template <typename Entity>
class Include {
 public:
  template <typename Member>
  Include(Member Entity::*member) : Include(member, {}) {}
  template <typename Member, typename Other = typename detail::RelatedOf<Member>::Type>
  Include(Member Entity::*member, std::vector<Include<Other>> nested) {
    using Relations = std::remove_cvref_t<decltype(detail::Schema<Entity>::table.relations)>;
    static_assert(isRelation<Member>(static_cast<Relations*>(nullptr)),
                  "holdfast: include takes members that the mapping names in a relation: belongsTo(), hasMany(), ...");
    std::apply([&](const auto&... relation) { (take(relation, member, nested), ...); },
               detail::Schema<Entity>::table.relations);
    if (!load_) detail::throwNoRelation(detail::Schema<Entity>::table.name);
  }
  /// Loads them for entities that have been read.
  void load(StatementExecutor& executor, std::span<Entity> parents) const { load_(executor, parents); }
  /// The column that must have been read before; the number of columns where it is only the key.
  std::size_t neededColumn() const noexcept { return neededColumn_; }

 private:
  template <typename Member, typename... Relations>
  static constexpr bool isRelation(std::tuple<Relations...>* /*type*/) {
    return (std::is_same_v<Member, typename Relations::Member> || ...);
  }
  template <typename Relation, typename Member, typename Other>
  void take(const Relation& relation, Member Entity::*member, const std::vector<Include<Other>>& nested) {
    if constexpr (std::is_same_v<Member, typename Relation::Member>) {
      if (relation.member != member) return;
      if constexpr (detail::kIsBelongsTo<Relation>) neededColumn_ = detail::positionOf(relation.foreignKey);
      load_ = [at = &relation, nested](StatementExecutor& executor, std::span<Entity> parents) {
        detail::RelationLoader<Entity, Relation>::load(executor, *at, parents, nested);
      };
    }
  }

  std::function<void(StatementExecutor&, std::span<Entity>)> load_;
  std::size_t neededColumn_ = detail::Schema<Entity>::kColumns;
};

/// A relation, and relations of the entities that it leads to.
template <typename Entity, typename Member, typename... Nested>
Include<Entity> include(Member Entity::*member, const Nested&... nested) {
  using Other = typename detail::RelatedOf<Member>::Type;
  return Include<Entity>(member, std::vector<Include<Other>>{Include<Other>(nested)...});
}

}  // namespace holdfast
