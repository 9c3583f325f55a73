#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/field.hpp>
#include <holdfast/mapping.hpp>

namespace holdfast::detail {

/// A mapped table without its types.
struct TableFacts {
  struct ColumnFacts {
    std::string_view name;
    ColumnKind kind;
    ColumnRules rules;
  };
  struct IndexFacts {
    std::vector<std::string_view> columns;
    bool isUnique = false;
  };
  /// A table of two foreign keys.
  struct LinkFacts {
    struct End {
      std::string_view column;
      ColumnKind kind;
      std::string_view table;
      std::string_view key;
    };
    std::string_view name;
    End own;
    End other;
  };
  std::string_view name;
  std::vector<ColumnFacts> columns;
  std::vector<IndexFacts> indexes;
  std::vector<LinkFacts> links = {};
  bool isStrict = true;
  bool hasRowId = true;
  bool hasRowIdKey = false;

  template <typename Entity>
  static TableFacts of() {
    using S = Schema<Entity>;
    TableFacts facts{S::table.name, {}, {}, {}, S::table.isStrict, S::table.hasRowId, S::kHasRowIdKey};
    S::forEach([&]<std::size_t I>() {
      const auto& column = S::template column<I>();
      facts.columns.push_back({column.name, ColumnType<typename S::template Member<I>>::kind, column.rules});
      if (column.rules.indexed) facts.indexes.push_back({{column.name}, false});
    });
    std::apply(
        [&facts](const auto&... index) {
          (facts.indexes.push_back({{std::begin(index.columns), std::end(index.columns)}, index.isUnique}), ...);
        },
        S::table.indexes);
    std::apply([&facts](const auto&... relation) { (addRelation<Entity>(facts, relation), ...); }, S::table.relations);
    return facts;
  }

  /// What makes the table and its indexes where they are missing. Rules become CHECK constraints that are named in
  /// words, so that SQLite's error says what was wrong, whoever writes.
  std::vector<std::string> createStatements() const;

 private:
  template <typename Entity>
  static LinkFacts::End linkEnd(std::string_view column) {
    using S = Schema<Entity>;
    static_assert(S::kKeyColumns == 1, "holdfast: manyToMany() needs entities with keys of one column");
    return {column, ColumnType<typename S::template Member<S::kKey>>::kind, S::table.name, S::nameAt(S::kKey)};
  }
  template <typename Entity, typename Relation>
  static void addRelation(TableFacts& facts, const Relation& relation) {
    using Other = typename Relation::Other;
    if constexpr (kIsManyToMany<Relation>) {
      facts.links.push_back(
          {relation.linkTable, linkEnd<Entity>(relation.ownColumn), linkEnd<Other>(relation.otherColumn)});
    } else if constexpr (kIsBelongsTo<Relation>) {
      using S = Schema<Other>;
      ColumnRules& rules = facts.columns[positionOf(relation.foreignKey)].rules;
      if (!rules.referencedTable.empty()) return;
      rules.referencedTable = S::table.name;
      rules.referencedColumn = S::nameAt(S::kKey);
    }
  }
};

}  // namespace holdfast::detail
