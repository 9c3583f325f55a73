#pragma once

#include <cstddef>
#include <string_view>

#include <holdfast/column_type.hpp>

namespace holdfast {

/// What a column must fulfil, besides its type. Checked before a write, and by the table itself.
struct ColumnRules {
  bool primaryKey = false;
  bool notNull = false;  ///< Said, or because the member cannot hold NULL.
  bool unique = false;
  bool indexed = false;
  std::size_t maxLength = 0;  ///< Characters of a text, bytes of a blob; 0: any.
  bool hasRange = false;
  double minimum = 0;
  double maximum = 0;
  std::string_view pattern = {};       ///< As GLOB takes it; empty: any.
  std::string_view defaultValue = {};  ///< An SQL literal, for rows that others insert; empty: none.
  std::string_view check = {};         ///< An SQL expression; empty: none.
  std::string_view referencedTable = {};
  std::string_view referencedColumn = {};
  std::string_view onDelete = {};  ///< "CASCADE", "SET NULL", ...; empty: NO ACTION.
};

namespace detail {
/// Never called: a mapping that would is not compiled.
void theRangeEndsBeforeItBegins();
}  // namespace detail

/// One column: its name, the member that it is kept in, and its rules.
template <typename EntityT, typename MemberT>
struct Column {
  using Entity = EntityT;
  using Member = MemberT;

  std::string_view name;
  Member Entity::*member;
  ColumnRules rules = {};

  constexpr Column notNull() const {
    return with([](ColumnRules& r) { r.notNull = true; });
  }
  constexpr Column unique() const {
    return with([](ColumnRules& r) { r.unique = true; });
  }
  constexpr Column indexed() const {
    return with([](ColumnRules& r) { r.indexed = true; });
  }
  constexpr Column maxLength(std::size_t length) const {
    static_assert(ColumnType<Member>::kind == ColumnKind::Text || ColumnType<Member>::kind == ColumnKind::Bytes,
                  "holdfast: maxLength() is for text and blobs");
    return with([length](ColumnRules& r) { r.maxLength = length; });
  }
  /// Both ends belong to it.
  constexpr Column range(double minimum, double maximum) const {
    static_assert(ColumnType<Member>::kind == ColumnKind::Integer || ColumnType<Member>::kind == ColumnKind::Real,
                  "holdfast: range() is for numbers");
    if (minimum > maximum) detail::theRangeEndsBeforeItBegins();  // An error of the compiler.
    return with([minimum, maximum](ColumnRules& r) {
      r.hasRange = true;
      r.minimum = minimum;
      r.maximum = maximum;
    });
  }
  constexpr Column pattern(std::string_view glob) const {
    static_assert(ColumnType<Member>::kind == ColumnKind::Text, "holdfast: pattern() is for text");
    return with([glob](ColumnRules& r) { r.pattern = glob; });
  }
  constexpr Column defaultValue(std::string_view sqlLiteral) const {
    return with([sqlLiteral](ColumnRules& r) { r.defaultValue = sqlLiteral; });
  }
  constexpr Column check(std::string_view sqlExpression) const {
    return with([sqlExpression](ColumnRules& r) { r.check = sqlExpression; });
  }
  constexpr Column references(std::string_view table, std::string_view column, std::string_view onDelete = {}) const {
    return with([=](ColumnRules& r) {
      r.referencedTable = table;
      r.referencedColumn = column;
      r.onDelete = onDelete;
    });
  }

 private:
  template <typename F>
  constexpr Column with(F change) const {
    Column changed = *this;
    change(changed.rules);
    return changed;
  }
};

template <typename Entity, typename Member>
constexpr Column<Entity, Member> column(std::string_view name, Member Entity::*member) {
  static_assert(Storable<Member>,
                "holdfast: the type of this member cannot be kept in a column: specialise ColumnType");
  Column<Entity, Member> made{name, member};
  made.rules.notNull = !ColumnType<Member>::nullable;
  return made;
}

/// Several of them make a key of several columns.
template <typename Entity, typename Member>
constexpr Column<Entity, Member> primaryKey(std::string_view name, Member Entity::*member) {
  static_assert(!ColumnType<Member>::nullable, "holdfast: a primary key cannot be optional");
  Column<Entity, Member> made = column(name, member);
  made.rules.primaryKey = true;
  return made;
}

}  // namespace holdfast
