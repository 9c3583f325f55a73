#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

namespace holdfast {

namespace detail {

template <typename T>
struct InOptional : std::false_type {};
template <typename T>
struct InOptional<std::optional<T>> : std::true_type {
  using Type = T;
};
template <typename T>
struct InShared : std::false_type {};
template <typename T>
struct InShared<std::shared_ptr<T>> : std::true_type {
  using Type = std::remove_const_t<T>;
};
template <typename T>
struct InVector : std::false_type {};
template <typename T>
struct InVector<std::vector<T>> : std::true_type {
  using Type = T;
};

/// For members that no relation can have.
struct NoEntity {};

/// The entity that a relation's member holds.
template <typename Member>
struct RelatedOf {
  using Type = NoEntity;
};
template <typename Member>
  requires(InOptional<Member>::value)
struct RelatedOf<Member> : InOptional<Member> {};
template <typename Member>
  requires(InShared<Member>::value)
struct RelatedOf<Member> : InShared<Member> {};
template <typename Member>
  requires(InVector<Member>::value)
struct RelatedOf<Member> : InVector<Member> {};

template <typename Member>
inline constexpr bool kHoldsOne = InOptional<Member>::value || InShared<Member>::value;

}  // namespace detail

/// A relation to another entity: the member that the other one, or the others, are loaded into where `include` asks for
/// it. They are parts of no column: a write of the entity leaves them alone.
///
///   struct Device;                                            // Each may name the other.
///   struct Reading { std::int64_t id{}; std::int64_t deviceId{}; std::shared_ptr<Device> device{}; };
///   struct Device { std::int64_t id{}; std::vector<Reading> readings; };
///
///   table<Reading>("reading", primaryKey("id", &Reading::id), column("device_id", &Reading::deviceId).indexed(),
///                  belongsTo(&Reading::device, &Reading::deviceId));
///   table<Device>("device", primaryKey("id", &Device::id), hasMany(&Device::readings, &Reading::deviceId));
template <typename EntityT, typename MemberT, typename ForeignKeyT>
struct BelongsTo {
  using Entity = EntityT;
  using Member = MemberT;
  using Other = typename detail::RelatedOf<Member>::Type;
  using ForeignKey = ForeignKeyT;
  Member Entity::*member;
  ForeignKey Entity::*foreignKey;
};

/// Many of them, or one: the foreign key is the other entity's.
template <typename EntityT, typename MemberT, typename ForeignKeyT>
struct HasRelated {
  using Entity = EntityT;
  using Member = MemberT;
  using Other = typename detail::RelatedOf<Member>::Type;
  using ForeignKey = ForeignKeyT;
  Member Entity::*member;
  ForeignKey Other::*foreignKey;
};

template <typename EntityT, typename MemberT>
struct ManyToMany {
  using Entity = EntityT;
  using Member = MemberT;
  using Other = typename detail::RelatedOf<Member>::Type;
  Member Entity::*member;
  std::string_view linkTable;
  std::string_view ownColumn;
  std::string_view otherColumn;
};

/// The entity whose key the foreign key of this one holds. The member is std::optional<Other>, or
/// std::shared_ptr<Other>: then entities that belong to the same one share it. createTable() makes the foreign key's
/// column REFERENCES the other table, unless the column says references() itself.
template <typename Entity, typename Member, typename ForeignKey>
constexpr BelongsTo<Entity, Member, ForeignKey> belongsTo(Member Entity::*member, ForeignKey Entity::*foreignKey) {
  static_assert(detail::kHoldsOne<Member>,
                "holdfast: the member of belongsTo() is std::optional<Other> or std::shared_ptr<Other>");
  return {member, foreignKey};
}

/// All others whose foreign key holds this entity's key, in the order of their own keys. The member is
/// std::vector<Other>.
template <typename Entity, typename Member, typename Other, typename ForeignKey>
constexpr HasRelated<Entity, Member, ForeignKey> hasMany(Member Entity::*member, ForeignKey Other::*foreignKey) {
  static_assert(detail::InVector<Member>::value, "holdfast: the member of hasMany() is std::vector<Other>");
  static_assert(std::is_same_v<typename detail::RelatedOf<Member>::Type, Other>,
                "holdfast: the foreign key of hasMany() is a member of the entity that its vector holds");
  return {member, foreignKey};
}

/// The one other whose foreign key holds this entity's key; of several the first by key. The member is
/// std::optional<Other> or std::shared_ptr<Other>.
template <typename Entity, typename Member, typename Other, typename ForeignKey>
constexpr HasRelated<Entity, Member, ForeignKey> hasOne(Member Entity::*member, ForeignKey Other::*foreignKey) {
  static_assert(detail::kHoldsOne<Member>,
                "holdfast: the member of hasOne() is std::optional<Other> or std::shared_ptr<Other>");
  static_assert(std::is_same_v<typename detail::RelatedOf<Member>::Type, Other>,
                "holdfast: the foreign key of hasOne() is a member of the entity that its member holds");
  return {member, foreignKey};
}

/// All others that a link table joins to this entity, in the order of their keys: its `ownColumn` holds this entity's
/// key, its `otherColumn` that of the other one. The member is std::vector<Other>. createTable() makes the link table
/// where it is missing.
template <typename Entity, typename Member>
constexpr ManyToMany<Entity, Member> manyToMany(Member Entity::*member, std::string_view linkTable,
                                                std::string_view ownColumn, std::string_view otherColumn) {
  static_assert(detail::InVector<Member>::value, "holdfast: the member of manyToMany() is std::vector<Other>");
  return {member, linkTable, ownColumn, otherColumn};
}

namespace detail {

template <typename T>
inline constexpr bool kIsRelation = false;
template <typename E, typename M, typename F>
inline constexpr bool kIsRelation<BelongsTo<E, M, F>> = true;
template <typename E, typename M, typename F>
inline constexpr bool kIsRelation<HasRelated<E, M, F>> = true;
template <typename E, typename M>
inline constexpr bool kIsRelation<ManyToMany<E, M>> = true;
template <typename T>
inline constexpr bool kIsBelongsTo = false;
template <typename E, typename M, typename F>
inline constexpr bool kIsBelongsTo<BelongsTo<E, M, F>> = true;
template <typename T>
inline constexpr bool kIsManyToMany = false;
template <typename E, typename M>
inline constexpr bool kIsManyToMany<ManyToMany<E, M>> = true;

}  // namespace detail
}  // namespace holdfast
