#include <holdfast/schema_diff.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include <holdfast/table_schema.hpp>

#include "policy/nearest_name.hpp"
#include "repository/schema_text.hpp"

namespace holdfast {
namespace {

using detail::sameName;
using detail::TableFacts;
using Names = std::vector<std::string>;

std::string joined(const Names& names) {
  std::string text;
  for (const std::string& name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

template <typename List>
Names namesOf(const List& list) {
  return Names(list.begin(), list.end());
}

bool sameNames(const Names& a, const Names& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const std::string& x, const std::string& y) { return sameName(x, y); });
}

/// The columns of an index that holds plain columns in ascending order; none for others, which no mapping makes.
Names plainColumns(const IndexSchema& index) {
  Names names;
  for (const IndexColumn& column : index.columns) {
    if (index.isPartial || column.name.empty() || column.isDescending || column.collation != "BINARY") return {};
    names.push_back(column.name);
  }
  return names;
}

std::string described(const IndexSchema& index) {
  std::string text = index.isUnique ? "unique (" : "(";
  const char* separator = "";
  for (const IndexColumn& column : index.columns) {
    text.append(separator).append(column.name.empty() ? "an expression" : column.name);
    if (column.isDescending) text += " DESC";
    if (column.collation != "BINARY" && !column.collation.empty()) text.append(" COLLATE ").append(column.collation);
    separator = ", ";
  }
  return text.append(index.isPartial ? ") of some rows" : ")");
}

/// What is compared, and what has been found.
class Comparison {
 public:
  Comparison(StatementExecutor& executor, const TableFacts& mapped) : executor_(executor), mapped_(mapped) {}

  std::vector<SchemaDifference> run() {
    auto schema = TableSchema::read(executor_, mapped_.name);
    if (!schema) {
      add(DifferenceKind::MissingTable, {}, "a table", {});
      return std::move(differences_);
    }
    file_ = std::move(*schema);
    if (file_.kind != TableKind::Table) {
      add(DifferenceKind::NotATable, {}, "a table", file_.kind == TableKind::View ? "a view" : "a virtual table");
      return std::move(differences_);
    }
    columns();
    primaryKey();
    uniques();
    checks();
    foreignKeys();
    indexes();
    if (mapped_.isStrict != file_.isStrict) {
      add(DifferenceKind::Strict, {}, mapped_.isStrict ? "STRICT" : "not STRICT",
          file_.isStrict ? "STRICT" : "not STRICT");
    }
    if (mapped_.hasRowId != file_.hasRowId) {
      add(DifferenceKind::RowId, {}, mapped_.hasRowId ? "a rowid" : "WITHOUT ROWID",
          file_.hasRowId ? "a rowid" : "WITHOUT ROWID");
    }
    return std::move(differences_);
  }

 private:
  void add(DifferenceKind kind, std::string column, std::string expected, std::string found) {
    std::string text = "\"" + std::string(mapped_.name) + "\"";
    if (!column.empty()) text.append(", ").append(column);
    text.append(": ").append(toText(kind)).append(": the mapping has ").append(expected.empty() ? "none" : expected);
    text.append(", the file ").append(found.empty() ? "none" : found);
    differences_.push_back(
        {kind, std::string(mapped_.name), std::move(column), std::move(expected), std::move(found), std::move(text)});
  }

  bool sameType(const TableFacts::ColumnFacts& expected, const ColumnSchema& found) const {
    const std::string_view type = toText(expected.kind);
    return sameName(type, found.declaredType) || detail::affinityOf(type, file_.isStrict) == found.affinity;
  }

  void columns() {
    std::vector<const TableFacts::ColumnFacts*> missing;
    for (const TableFacts::ColumnFacts& column : mapped_.columns) {
      if (const ColumnSchema* found = file_.find(column.name))
        compare(column, *found);
      else
        missing.push_back(&column);
    }
    std::vector<const ColumnSchema*> extra;
    for (const ColumnSchema& column : file_.columns) {
      const auto isIt = [&](const auto& one) { return sameName(one.name, column.name); };
      if (!column.isHidden && std::none_of(mapped_.columns.begin(), mapped_.columns.end(), isIt)) {
        extra.push_back(&column);
      }
    }
    for (const TableFacts::ColumnFacts* column : missing) {
      const std::string name(column->name);
      if (const auto renamed = renamedFrom(*column, extra, missing.size()); renamed != extra.end()) {
        add(DifferenceKind::RenamedColumn, name, name, (*renamed)->name);
        extra.erase(renamed);
      } else {
        add(DifferenceKind::MissingColumn, name, std::string(toText(column->kind)), {});
      }
    }
    for (const ColumnSchema* column : extra) {
      const bool refuses = column->notNull && !column->defaultValue && !column->isGenerated;
      add(DifferenceKind::ExtraColumn, column->name, {},
          column->declaredType + (refuses ? " NOT NULL without a default, which refuses new rows" : ""));
    }
  }

  std::vector<const ColumnSchema*>::iterator renamedFrom(const TableFacts::ColumnFacts& column,
                                                         std::vector<const ColumnSchema*>& extra,
                                                         std::size_t missing) const {
    std::vector<std::string_view> names;
    for (const ColumnSchema* one : extra) names.push_back(one->name);
    const std::string_view near = nearestName(column.name, names);
    const bool isOnly = missing == 1 && extra.size() == 1;
    return std::find_if(extra.begin(), extra.end(), [&](const ColumnSchema* one) {
      return (isOnly || one->name == near) && sameType(column, *one) &&
             (one->keyPosition > 0) == column.rules.primaryKey &&
             (column.rules.primaryKey || one->notNull == column.rules.notNull);
    });
  }

  void compare(const TableFacts::ColumnFacts& expected, const ColumnSchema& found) {
    const std::string name(expected.name);
    if (!sameType(expected, found) || found.isGenerated) {
      add(DifferenceKind::Type, name, std::string(toText(expected.kind)),
          (found.declaredType.empty() ? std::string("no type") : found.declaredType) +
              (found.isGenerated ? ", computed" : ""));
    }
    const bool isRowId = expected.rules.primaryKey && mapped_.hasRowIdKey && file_.hasRowIdKey();
    const bool notNull = expected.rules.notNull || expected.rules.primaryKey;
    if (!isRowId && notNull != found.notNull) {
      add(DifferenceKind::NotNull, name, notNull ? "NOT NULL" : "NULL allowed",
          found.notNull ? "NOT NULL" : "NULL allowed");
    }
    const std::string value(expected.rules.defaultValue);
    const std::string stored = found.defaultValue.value_or(std::string());
    if (normalExpression(value) != normalExpression(stored)) add(DifferenceKind::Default, name, value, stored);
  }

  void primaryKey() {
    Names expected;
    for (const auto& column : mapped_.columns) {
      if (column.rules.primaryKey) expected.emplace_back(column.name);
    }
    Names found;
    for (const ColumnSchema* column : file_.key()) found.push_back(column->name);
    const bool sameKind = !mapped_.hasRowId || !file_.hasRowId || mapped_.hasRowIdKey == file_.hasRowIdKey();
    if (sameNames(expected, found) && sameKind) return;
    const auto kind = [](bool isRowId) { return isRowId ? " (the rowid)" : ""; };
    add(DifferenceKind::PrimaryKey, joined(expected), joined(expected) + kind(mapped_.hasRowIdKey),
        found.empty() ? std::string() : joined(found) + kind(file_.hasRowIdKey()));
  }

  void uniques() {
    std::vector<Names> expected;
    for (const auto& column : mapped_.columns) {
      if (!column.rules.unique) continue;
      const Names names{std::string(column.name)};
      const auto holds = [&](const IndexSchema& index) {
        return index.isUnique && sameNames(plainColumns(index), names);
      };
      const auto found = std::find_if(file_.indexes.begin(), file_.indexes.end(), holds);
      const bool isRowId = column.rules.primaryKey && file_.hasRowIdKey();
      if (found == file_.indexes.end() && !isRowId) add(DifferenceKind::Unique, joined(names), "UNIQUE", {});
      expected.push_back(names);
    }
    for (const auto& index : mapped_.indexes) {
      if (index.isUnique) expected.push_back(namesOf(index.columns));
    }
    for (const IndexSchema& index : file_.indexes) {
      if (index.origin != IndexOrigin::Unique) continue;
      const Names names = plainColumns(index);
      const auto isIt = [&](const Names& one) { return sameNames(one, names); };
      if (std::none_of(expected.begin(), expected.end(), isIt)) {
        add(DifferenceKind::Unique, joined(names), {}, "UNIQUE " + described(index).substr(sizeof("unique ") - 1));
      }
    }
  }

  void checks() {
    const auto withForms = [](const std::vector<CheckText>& texts) {
      std::vector<std::pair<std::string, CheckText>> forms;
      for (const CheckText& one : texts) forms.emplace_back(normalExpression(one.expression), one);
      return forms;
    };
    const auto expected = withForms(checksOf(mapped_.createStatements().front()));
    const auto found = withForms(checksOf(file_.sql));
    const auto isIn = [](const auto& one, const auto& list) {
      return std::any_of(list.begin(), list.end(), [&](const auto& other) { return other.first == one.first; });
    };
    for (const auto& one : expected) {
      if (!isIn(one, found)) add(DifferenceKind::Check, one.second.column, one.second.expression, {});
    }
    for (const auto& one : found) {
      if (!isIn(one, expected)) add(DifferenceKind::Check, one.second.column, {}, one.second.expression);
    }
  }

  std::string reference(std::string_view table, std::string column, std::string_view onDelete,
                        std::string_view onUpdate) const {
    if (column.empty()) {
      const auto parent = TableSchema::read(executor_, table);
      if (parent && parent->key().size() == 1) column = parent->key().front()->name;
    }
    std::string text = std::string(table).append("(").append(column).append(")");
    if (!onDelete.empty() && !sameName(onDelete, "NO ACTION")) text.append(" ON DELETE ").append(onDelete);
    if (!onUpdate.empty() && !sameName(onUpdate, "NO ACTION")) text.append(" ON UPDATE ").append(onUpdate);
    return text;
  }

  void foreignKeys() {
    std::vector<std::pair<std::string, std::string>> expected;
    for (const auto& column : mapped_.columns) {
      const ColumnRules& rules = column.rules;
      if (rules.referencedTable.empty()) continue;
      expected.emplace_back(column.name,
                            reference(rules.referencedTable, std::string(rules.referencedColumn), rules.onDelete, {}));
    }
    std::vector<std::pair<std::string, std::string>> found;
    for (const ForeignKeySchema& key : file_.foreignKeys) {
      found.emplace_back(joined(key.columns),
                         reference(key.table, joined(key.referencedColumns), key.onDelete, key.onUpdate));
    }
    for (const auto& [column, target] : expected) {
      const auto same = std::find_if(found.begin(), found.end(), [&c = column, &t = target](const auto& one) {
        return sameName(one.first, c) && sameName(one.second, t);
      });
      const auto near =
          std::find_if(found.begin(), found.end(), [&c = column](const auto& one) { return sameName(one.first, c); });
      if (same != found.end()) {
        found.erase(same);
      } else if (near != found.end()) {
        add(DifferenceKind::ForeignKey, column, target, near->second);
        found.erase(near);
      } else {
        add(DifferenceKind::ForeignKey, column, target, {});
      }
    }
    for (const auto& [column, target] : found) add(DifferenceKind::ForeignKey, column, {}, target);
  }

  void indexes() {
    std::vector<const IndexSchema*> matched;
    for (const auto& expected : mapped_.indexes) {
      const Names names = namesOf(expected.columns);
      const auto found = std::find_if(file_.indexes.begin(), file_.indexes.end(), [&](const IndexSchema& index) {
        const bool counts = index.origin == IndexOrigin::Created || (expected.isUnique && index.isUnique);
        return counts && index.isUnique == expected.isUnique && sameNames(plainColumns(index), names);
      });
      if (found != file_.indexes.end())
        matched.push_back(&*found);
      else
        add(DifferenceKind::MissingIndex, joined(names), (expected.isUnique ? "unique (" : "(") + joined(names) + ")",
            {});
    }
    for (const IndexSchema& index : file_.indexes) {
      if (index.origin != IndexOrigin::Created) continue;
      if (std::find(matched.begin(), matched.end(), &index) != matched.end()) continue;
      if (isUniqueColumn(index)) continue;
      Names names;
      for (const IndexColumn& column : index.columns) {
        if (!column.name.empty()) names.push_back(column.name);
      }
      add(DifferenceKind::ExtraIndex, joined(names), {}, "\"" + index.name + "\" " + described(index));
    }
  }

  /// Whether it is what makes a mapped unique() column unique.
  bool isUniqueColumn(const IndexSchema& index) const {
    const Names names = plainColumns(index);
    return index.isUnique && names.size() == 1 &&
           std::any_of(mapped_.columns.begin(), mapped_.columns.end(),
                       [&](const auto& column) { return column.rules.unique && sameName(column.name, names[0]); });
  }

  StatementExecutor& executor_;
  const TableFacts& mapped_;
  TableSchema file_;
  std::vector<SchemaDifference> differences_;
};

}  // namespace

std::string_view toText(DifferenceKind kind) noexcept {
  static constexpr std::array<std::string_view, 16> kTexts{
      "missing table", "no table",    "missing column", "extra column", "renamed column", "type",
      "not null",      "primary key", "unique",         "default",      "check",          "foreign key",
      "missing index", "extra index", "strict",         "rowid"};
  const auto index = static_cast<std::size_t>(kind);
  return index < kTexts.size() ? kTexts[index] : "?";
}

std::vector<SchemaDifference> schemaDiff(StatementExecutor& executor, const detail::TableFacts& mapped) {
  return Comparison(executor, mapped).run();
}

}  // namespace holdfast
