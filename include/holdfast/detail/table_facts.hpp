#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

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
  std::string_view name;
  std::vector<ColumnFacts> columns;
  std::vector<IndexFacts> indexes;
  bool isStrict = true;
  bool hasRowId = true;
  bool hasRowIdKey = false;

  template <typename Entity>
  static TableFacts of() {
    using S = Schema<Entity>;
    TableFacts facts{S::table.name, {}, {}, S::table.isStrict, S::table.hasRowId, S::kHasRowIdKey};
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
    return facts;
  }

  /// What makes the table and its indexes where they are missing. Rules become CHECK constraints that are named in words,
  /// so that SQLite's error says what was wrong, whoever writes.
  std::vector<std::string> createStatements() const;
};

}  // namespace holdfast::detail
