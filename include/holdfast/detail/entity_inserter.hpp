#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>

#include <holdfast/detail/bound_entity.hpp>
#include <holdfast/detail/entity_text.hpp>
#include <holdfast/detail/repository_core.hpp>
#include <holdfast/detail/statement_batch.hpp>
#include <holdfast/error.hpp>

namespace holdfast::detail {

/// The last rowid is another row's where a trigger or a conflict clause of the table has ignored this one.
inline std::int64_t keyFound(const RunResult& result, std::string_view table) {
  if (result.changes == 0) throwRowIgnored(table);
  return result.lastInsertRowId;
}

template <typename Entity>
void setFoundKey(Entity& entity, std::int64_t rowId) {
  using S = Schema<Entity>;
  if constexpr (S::kHasRowIdKey) {
    entity.*(S::template column<S::kKey>().member) = static_cast<typename S::template Member<S::kKey>>(rowId);
  }
}

template <typename Entity, typename Relation>
constexpr bool belongsTo(const Relation& /*relation*/) {
  if constexpr (kIsBelongsTo<Relation>) return std::is_same_v<typename Relation::Other, Entity>;
  return false;
}

/// Adds many entities in one transaction: its statements stay in use on the handle for as long as it lives.
template <typename Entity>
class EntityInserter {
  using S = Schema<Entity>;
  using Text = EntityText<Entity>;

 public:
  explicit EntityInserter(Transaction& transaction) noexcept : transaction_(transaction) {}

  /// `number` is for the error: the first is 1.
  void add(Entity& entity, std::size_t number) {
    const bool withoutKey = keyIsToBeFound(entity);
    RunResult result;
    {
      const BoundEntity<Entity> bound(entity, withoutKey);
      try {
        result = open(withoutKey ? oneWithoutKey_ : one_, Text::insert(withoutKey)).run(bound.values());
      } catch (Error& error) {
        addEntityNumber(error, kShape<Entity>, number, withoutKey ? std::span<const ValueView>() : bound.values());
        throw;
      }
    }
    lastFound_.reset();
    if (!withoutKey) return;
    lastFound_ = keyFound(result, S::table.name);
    setFoundKey(entity, *lastFound_);
  }

  /// Adds the first few of them by one statement, which takes about two thirds of the time. Returns how many: none
  /// where that cannot be done, or could not with an earlier few: only one by one is it known which of them a
  /// constraint is violated by, and which key each has where others than SQLite have a say in it.
  std::size_t addSeveral(std::span<Entity> entities) {
    if constexpr (kAtOnce < kWorthwhile || kRefersToItself) return 0;
    if (refused_ || entities.size() < kAtOnce) return 0;
    const std::span<Entity> several = entities.first(kAtOnce);
    const bool withoutKey = keyIsToBeFound(several.front());
    constexpr auto kRows = static_cast<std::int64_t>(kAtOnce);
    if (withoutKey && (!lastFound_ || S::kColumns == S::kKeyColumns)) return 0;
    if (withoutKey && *lastFound_ > std::numeric_limits<std::int64_t>::max() - kRows) return 0;
    for (const Entity& entity : several) {
      if (keyIsToBeFound(entity) != withoutKey) return 0;
    }
    // A key that SQLite finds is one more than the largest (sqlite.org/autoinc.html), the last one found so far. Where
    // it is not, as behind the largest that there is, the last of these shows it.
    std::optional<std::int64_t> last;
    if (withoutKey) last = *lastFound_ + kRows;
    refused_ = !tryRun(withoutKey, bind(several, withoutKey), {kRows, last});
    if (refused_) return 0;
    if (withoutKey) {
      for (Entity& entity : several) setFoundKey(entity, ++*lastFound_);
    } else {
      lastFound_.reset();
    }
    return kAtOnce;
  }

 private:
  // From 8 rows on it is faster than one by one, and beyond 32 hardly any more (measured with SQLite 3.40). Parameters
  // are what the statement's memory goes by: 11 KB for 128.
  static constexpr std::size_t kParametersAtMost = 128;
  static constexpr std::size_t kAtOnce = std::min<std::size_t>(kParametersAtMost / S::kColumns, 32);
  static constexpr std::size_t kWorthwhile = 8;

  // A row must not refer to one that comes later, and SQLite looks at the end of a statement.
  static constexpr bool kRefersToItself = [] {
    bool refers = false;
    S::forEach(
        [&]<std::size_t I>() { refers = refers || S::template column<I>().rules.referencedTable == S::table.name; });
    return std::apply([refers](const auto&... relation) { return (refers || ... || belongsTo<Entity>(relation)); },
                      S::table.relations);
  }();

  bool tryRun(bool withoutKey, std::span<const ValueView> values, const StatementBatch::Outcome& expected) {
    std::optional<StatementBatch>& batch = withoutKey ? severalWithoutKey_ : several_;
    try {
      open(batch, Text::template insert<kAtOnce>(withoutKey));
    } catch (const Error&) {
      return false;  // It takes more memory than one row does.
    }
    return batch->tryRun(values, expected);
  }
  StatementBatch& open(std::optional<StatementBatch>& batch, const Sql& sql) {
    if (!batch) batch.emplace(transaction_, sql);
    return *batch;
  }
  /// Valid until the next call.
  std::span<const ValueView> bind(std::span<const Entity> entities, bool withoutKey) {
    if (room_ == nullptr) room_ = std::make_unique<Room>();
    std::size_t count = 0;
    for (std::size_t i = 0; i < entities.size(); ++i) {
      room_->bound[i].emplace(entities[i], withoutKey);
      for (const ValueView& value : room_->bound[i]->values()) room_->values[count++] = value;
    }
    return {room_->values.data(), count};
  }

  struct Room {
    std::array<std::optional<BoundEntity<Entity>>, kAtOnce> bound;
    std::array<ValueView, kAtOnce * S::kColumns> values;
  };

  Transaction& transaction_;
  std::optional<StatementBatch> one_;
  std::optional<StatementBatch> oneWithoutKey_;
  std::optional<StatementBatch> several_;
  std::optional<StatementBatch> severalWithoutKey_;
  std::unique_ptr<Room> room_;
  std::optional<std::int64_t> lastFound_;  ///< The key of the row that was added last, where SQLite has found it.
  bool refused_ = false;
};

}  // namespace holdfast::detail
