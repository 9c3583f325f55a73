#include <holdfast/detail/key_index.hpp>

#include <algorithm>
#include <cstring>

#include "query/identifier.hpp"

namespace holdfast::detail {
namespace {

int compare(std::size_t a, std::size_t b) noexcept { return a < b ? -1 : (a > b ? 1 : 0); }

int compareBytes(const void* a, std::size_t aSize, const void* b, std::size_t bSize) noexcept {
  const std::size_t both = std::min(aSize, bSize);
  const int order = both == 0 ? 0 : std::memcmp(a, b, both);
  return order != 0 ? order : compare(aSize, bSize);
}

/// Any order will do that tells different values apart.
int compare(const ValueView& a, const ValueView& b) noexcept {
  if (a.type() != b.type()) return a.type() < b.type() ? -1 : 1;
  switch (a.type()) {
    case ValueType::Null: return 0;
    case ValueType::Integer: return a.integer() < b.integer() ? -1 : (a.integer() > b.integer() ? 1 : 0);
    case ValueType::Real: return a.real() < b.real() ? -1 : (a.real() > b.real() ? 1 : 0);
    case ValueType::Text: return compareBytes(a.text().data(), a.text().size(), b.text().data(), b.text().size());
    case ValueType::Blob: break;
  }
  return compareBytes(a.blob().data(), a.blob().size(), b.blob().data(), b.blob().size());
}

bool listsWhole(const Value& key) noexcept { return key.type() == ValueType::Integer || key.type() == ValueType::Text; }

constexpr std::string_view kLinkOwn = "holdfast own";
constexpr std::string_view kLinkOther = "holdfast other";

}  // namespace

void KeyIndex::add(const ValueView& key, std::size_t entity) {
  if (!key.isNull()) entries_.push_back({Value(key), entity});
}

void KeyIndex::sort() {
  // Stable: the entities of a group stay in their order.
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return compare(a.key.view(), b.key.view()) < 0; });
  for (Entry& entry : entries_) {
    if (keys_.empty() || compare(keys_.back().view(), entry.key.view()) != 0) {
      starts_.push_back(entities_.size());
      keys_.push_back(std::move(entry.key));
    }
    entities_.push_back(entry.entity);
  }
  if (!starts_.empty()) starts_.push_back(entities_.size());
  entries_.clear();
}

std::size_t KeyIndex::groupOf(const ValueView& key) const noexcept {
  const auto at = std::lower_bound(keys_.begin(), keys_.end(), key,
                                   [](const Value& a, const ValueView& b) { return compare(a.view(), b) < 0; });
  if (at == keys_.end() || compare(at->view(), key) != 0) return kNoGroup;
  return static_cast<std::size_t>(at - keys_.begin());
}

void KeyIndex::forEachRow(StatementExecutor& executor, std::string_view begin, std::string_view column,
                          std::string_view end, RowVisitor visit) const {
  for (std::size_t from = 0; from < keys_.size();) {
    const std::size_t left = keys_.size() - from;
    const std::size_t count = listsWhole(keys_[from]) ? left : std::min(left, Condition::kMostListed);
    const auto first = keys_.begin() + static_cast<std::ptrdiff_t>(from);
    const Condition condition =
        Condition::in(column, std::vector<Value>(first, first + static_cast<std::ptrdiff_t>(count)));
    QueryText query(begin);
    query.where(condition);
    query.text += end;
    executor.visitBound(query.sql(), query.values, visit);
    from += count;
  }
}

void appendKeyOrder(std::string& text, const TableShape& shape) {
  const char* separator = " ORDER BY ";
  for (const std::size_t key : shape.keys) {
    text += separator;
    appendIdentifier(text, shape.columns[key]);
    separator = ", ";
  }
}

// The condition stands in a query of its own, where no column of the other table can be meant by its name.
std::string linkBegin(const TableShape& other, std::string_view linkTable, std::string_view ownColumn,
                      std::string_view otherColumn) {
  std::string text = "SELECT ";
  for (const std::string_view column : other.columns) {
    appendIdentifier(text, other.name);
    text += '.';
    appendIdentifier(text, column);
    text += ", ";
  }
  appendIdentifier(text, kLinkOwn);
  text += " FROM (SELECT ";
  appendIdentifier(text, ownColumn);
  text += " AS ";
  appendIdentifier(text, kLinkOwn);
  text += ", ";
  appendIdentifier(text, otherColumn);
  text += " AS ";
  appendIdentifier(text, kLinkOther);
  text += " FROM ";
  appendIdentifier(text, linkTable);
  return text;
}

std::string linkEnd(const TableShape& other) {
  std::string key;
  appendIdentifier(key, other.name);
  key += '.';
  appendIdentifier(key, other.columns[other.keys.front()]);
  std::string text = ") JOIN ";
  appendIdentifier(text, other.name);
  text += " ON " + key + " = ";
  appendIdentifier(text, kLinkOther);
  return text + " ORDER BY " + key;
}

}  // namespace holdfast::detail
