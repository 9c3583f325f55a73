#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <holdfast/detail/repository_core.hpp>
#include <holdfast/value.hpp>

namespace holdfast::detail {

/// Which entities have which key: entities with the same one are a group.
class KeyIndex {
 public:
  static constexpr std::size_t kNoGroup = static_cast<std::size_t>(-1);

  /// Before sort(). NULL is no key.
  void add(const ValueView& key, std::size_t entity);
  void sort();
  std::size_t groups() const noexcept { return starts_.empty() ? 0 : starts_.size() - 1; }
  /// kNoGroup where nobody has it.
  std::size_t groupOf(const ValueView& key) const noexcept;
  std::span<const std::size_t> entitiesOf(std::size_t group) const noexcept {
    return {entities_.data() + starts_[group], starts_[group + 1] - starts_[group]};
  }

  /// Runs `begin` WHERE `column` is one of the keys, and then `end`: one statement, or where there are more keys of a
  /// kind than a statement takes, a few. `visit` sees every row.
  void forEachRow(StatementExecutor& executor, std::string_view begin, std::string_view column, std::string_view end,
                  RowVisitor visit) const;

 private:
  struct Entry {
    Value key;
    std::size_t entity;
  };
  std::vector<Entry> entries_;
  std::vector<Value> keys_;
  std::vector<std::size_t> entities_;
  std::vector<std::size_t> starts_;
};

/// " ORDER BY " the columns of the key.
void appendKeyOrder(std::string& text, const TableShape& shape);
/// What begins a query for the entities that a link table joins: their columns, then the own key. Ends where the
/// condition for `ownColumn` comes; linkEnd() goes on after it.
std::string linkBegin(const TableShape& other, std::string_view linkTable, std::string_view ownColumn,
                      std::string_view otherColumn);
std::string linkEnd(const TableShape& other);

}  // namespace holdfast::detail
