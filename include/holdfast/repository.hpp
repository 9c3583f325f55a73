#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <holdfast/condition.hpp>
#include <holdfast/connection_pool.hpp>
#include <holdfast/detail/entity_text.hpp>
#include <holdfast/detail/statement_batch.hpp>
#include <holdfast/detail/table_facts.hpp>
#include <holdfast/mapping.hpp>
#include <holdfast/metrics.hpp>

namespace holdfast {

/// How a repository works.
struct RepositoryOptions {
  /// The longest that one call may take in all; nothing: waiting ends at acquireTimeout, running does not end.
  std::optional<std::chrono::milliseconds> queryTimeout = {};
  /// Times that a write is repeated on contention; nothing: the database's retry.maxRetries.
  std::optional<int> maxRetries = {};
};

/// What a repository has done. Read without stopping anybody.
struct RepositoryMetrics {
  std::uint64_t queryCount = 0;  ///< Calls, failed ones included.
  std::uint64_t errorCount = 0;
  double errorRate = 0;  ///< errorCount / queryCount.
  std::chrono::nanoseconds averageQueryTime{0};
  LatencySummary find;    ///< findById(), findOne(), exists(): one call in about 60, with that weight.
  LatencySummary list;    ///< findMany(), stream(), count(), aggregate().
  LatencySummary create;  ///< create(), createMany(), upsert().
  LatencySummary update;
  LatencySummary remove;
};

/// A condition on the rows of an entity.
template <typename Entity>
class Where {
 public:
  Where() = default;
  explicit Where(Condition condition) noexcept : condition_(std::move(condition)) {}
  const Condition& condition() const noexcept { return condition_; }
  friend Where operator&&(Where a, Where b) { return Where(std::move(a.condition_) && std::move(b.condition_)); }
  friend Where operator||(Where a, Where b) { return Where(std::move(a.condition_) || std::move(b.condition_)); }
  friend Where operator!(Where a) { return Where(!std::move(a.condition_)); }

 private:
  Condition condition_;
};

/// For updateMany() and removeMany(), which refuse an empty condition: every row is meant.
template <typename Entity>
Where<Entity> everyRow() {
  return Where<Entity>(Condition::raw("1"));
}

namespace detail {

/// A value as the column of a member keeps it.
template <typename Member>
Value storedValue(const Member& value) {
  typename ColumnType<Member>::Buffer buffer;
  return Value(ColumnType<Member>::bind(value, buffer));
}
template <typename T>
struct Inner {
  using Type = T;
};
template <typename T>
struct Inner<std::optional<T>> {
  using Type = T;
};

/// The column of a member. Throws Error{InvalidArgument} where it is not mapped.
template <typename Entity, typename Member>
std::string_view columnOf(Member Entity::*member);
[[noreturn]] void throwUnmapped(std::string_view table);
[[noreturn]] void throwNothingToChange();
[[noreturn]] void throwChangedTwice();

}  // namespace detail

/// The column of a member, for conditions: field(&Reading::value) > 80.0.
template <typename Entity, typename Member>
class Field {
 public:
  using Operand = typename detail::Inner<Member>::Type;

  explicit Field(Member Entity::*member) : name_(detail::columnOf(member)) {}

  Where<Entity> isNull() const { return Where<Entity>(Condition::isNull(name_)); }
  Where<Entity> isNotNull() const { return Where<Entity>(Condition::isNotNull(name_)); }
  Where<Entity> between(const Operand& low, const Operand& high) const {
    return Where<Entity>(Condition::between(name_, detail::storedValue(low), detail::storedValue(high)));
  }
  /// One of any number of values.
  Where<Entity> in(std::span<const Operand> values) const {
    std::vector<Value> stored;
    stored.reserve(values.size());
    for (const Operand& value : values) stored.push_back(detail::storedValue(value));
    return Where<Entity>(Condition::in(name_, std::move(stored)));
  }
  Where<Entity> in(std::initializer_list<Operand> values) const { return in(std::span(values.begin(), values.size())); }
  /// `%` for any characters, `_` for one; ASCII letters in either case.
  Where<Entity> like(std::string_view pattern) const
    requires(ColumnType<Operand>::kind == ColumnKind::Text)
  {
    return Where<Entity>(Condition::compare(name_, Operator::Like, std::string(pattern)));
  }

  friend Where<Entity> operator==(const Field& field, const Operand& value) {
    return field.compare(Operator::Equal, value);
  }
  friend Where<Entity> operator!=(const Field& field, const Operand& value) {
    return field.compare(Operator::NotEqual, value);
  }
  friend Where<Entity> operator<(const Field& field, const Operand& value) {
    return field.compare(Operator::Less, value);
  }
  friend Where<Entity> operator<=(const Field& field, const Operand& value) {
    return field.compare(Operator::LessOrEqual, value);
  }
  friend Where<Entity> operator>(const Field& field, const Operand& value) {
    return field.compare(Operator::Greater, value);
  }
  friend Where<Entity> operator>=(const Field& field, const Operand& value) {
    return field.compare(Operator::GreaterOrEqual, value);
  }

 private:
  Where<Entity> compare(Operator op, const Operand& value) const {
    return Where<Entity>(Condition::compare(name_, op, detail::storedValue(value)));
  }
  std::string_view name_;
};

template <typename Entity, typename Member>
Field<Entity, Member> field(Member Entity::*member) {
  return Field<Entity, Member>(member);
}

/// A column and the direction to sort it in.
template <typename Entity>
struct Ordering {
  std::string_view column;
  Order order = Order::Ascending;
};
template <typename Entity, typename Member>
Ordering<Entity> ascending(Member Entity::*member) {
  return {detail::columnOf(member), Order::Ascending};
}
template <typename Entity, typename Member>
Ordering<Entity> descending(Member Entity::*member) {
  return {detail::columnOf(member), Order::Descending};
}

/// A new value for a column.
template <typename Entity>
struct Assignment {
  std::string_view column;
  Value value;
};
template <typename Entity, typename Member>
Assignment<Entity> set(Member Entity::*member, const std::type_identity_t<Member>& value) {
  return {detail::columnOf(member), detail::storedValue(value)};
}

template <typename Entity>
struct QueryOptions {
  Where<Entity> where = {};
  std::vector<Ordering<Entity>> orderBy = {};
  std::optional<std::int64_t> limit = {};
  std::int64_t offset = 0;
  /// Nothing: the repository's queryTimeout.
  std::optional<std::chrono::milliseconds> timeout = {};
};

namespace detail {

enum class Operation : std::uint8_t { Find, List, Create, Update, Remove };

/// An update of one row: its text, but for the columns that are changed.
struct UpdateByKey {
  std::string_view begin;
  std::span<const std::string_view> columns;
  std::string_view end;
};

/// What all repositories share, without the types of their entities.
class RepositoryCore {
 public:
  RepositoryCore(ConnectionPool& pool, std::string_view table, const RepositoryOptions& options);
  /// The same in a transaction, counted with the original.
  RepositoryCore in(Transaction& transaction) const;

  void read(Operation operation, const Sql& sql, std::span<const ValueView> values, RowVisitor visit,
            const std::optional<std::chrono::milliseconds>& timeout = {}) const;
  RunResult write(Operation operation, const Sql& sql, std::span<const ValueView> values) const;
  /// A write that returns rows.
  RunResult writeReturning(Operation operation, const Sql& sql, std::span<const ValueView> values,
                           RowVisitor visit) const;
  /// An update that returns its row. Always with the same text around the columns; which columns is looked up.
  RunResult update(const UpdateByKey& update, std::span<const ValueView> values, RowVisitor visit) const;
  /// In the transaction that there is, else in one of its own.
  void inTransaction(Operation operation, const std::function<void(Transaction&)>& work) const;

  void createTable(const TableFacts& facts) const;
  RepositoryMetrics metrics() const;
  ConnectionPool& pool() const noexcept { return *pool_; }

 private:
  struct State;
  class Call;
  CallOptions callOptions() const;

  ConnectionPool* pool_;
  Transaction* transaction_ = nullptr;
  std::shared_ptr<State> state_;
};

/// The text and the values of a query that is put together at run time.
struct QueryText {
  explicit QueryText(std::string_view begin) : text(begin) {}
  void where(const Condition& condition);
  /// Throws Error{InvalidArgument} for an empty condition.
  void whereMeant(const Condition& condition);
  void assign(std::string_view column, const Value& value, bool first);
  void orderBy(std::string_view column, Order order, bool first);
  void limit(std::optional<std::int64_t> limit, std::int64_t offset);
  Sql sql() const { return Sql::unchecked(text); }

  std::string text;
  std::vector<ValueView> values;
};

template <typename Entity, typename Member>
std::string_view columnOf(Member Entity::*member) {
  const std::size_t position = Schema<Entity>::positionOf(member);
  if (position == Schema<Entity>::kColumns) throwUnmapped(Schema<Entity>::table.name);
  return Schema<Entity>::nameAt(position);
}

/// The values of an entity's columns, ready to be bound, with what they need until the statement has run.
template <typename Entity>
class BoundEntity {
  using S = Schema<Entity>;

 public:
  /// With `withoutKey` the one of the key is left out.
  BoundEntity() = default;
  explicit BoundEntity(const Entity& entity, bool withoutKey = false) { bind(entity, withoutKey); }
  BoundEntity(const BoundEntity&) = delete;
  BoundEntity& operator=(const BoundEntity&) = delete;
  std::span<const ValueView> values() const noexcept { return {values_.data(), count_}; }
  void bind(const Entity& entity, bool withoutKey = false) {
    count_ = 0;
    S::forEach([&]<std::size_t I>() {
      if (S::template kIsKey<I> && withoutKey) return;
      const auto& column = S::template column<I>();
      values_[count_++] =
          ColumnType<typename S::template Member<I>>::bind(entity.*(column.member), std::get<I>(buffers_));
    });
  }

 private:
  template <std::size_t... I>
  static auto buffers(std::index_sequence<I...>)
      -> std::tuple<typename ColumnType<typename S::template Member<I>>::Buffer...>;

  std::array<ValueView, S::kColumns> values_;
  std::size_t count_ = 0;
  decltype(buffers(std::make_index_sequence<S::kColumns>())) buffers_;
};

/// The same for a key.
template <typename Entity>
class BoundKey {
  using S = Schema<Entity>;

 public:
  explicit BoundKey(const KeyOf<Entity>& key) {
    if constexpr (S::kKeyColumns == 1) {
      values_[0] = ColumnType<KeyOf<Entity>>::bind(key, buffer_);
    } else {
      std::size_t at = 0;
      std::apply([&](const auto&... part) { ((values_[at++] = bindPart(part)), ...); }, key);
    }
  }
  std::span<const ValueView> values() const noexcept { return values_; }

 private:
  template <typename T>
  static ValueView bindPart(const T& part) {
    typename ColumnType<T>::Buffer none;
    return ColumnType<T>::bind(part, none);
  }
  std::array<ValueView, S::kKeyColumns> values_;
  [[no_unique_address]] NoBuffer buffer_;
};

/// Not filled with NULL first: that takes as long as reading the row.
template <std::size_t N>
union RoomForRow {
  RoomForRow() noexcept {}
  ValueView values[N];
};

template <typename Entity, std::size_t... I>
void readMembers(const ValueView* values, Entity& entity, std::index_sequence<I...>) {
  using S = Schema<Entity>;
  (ColumnType<typename S::template Member<I>>::read(values[I], S::template column<I>().name,
                                                    entity.*(S::template column<I>().member)),
   ...);
}
template <typename Entity>
void readEntity(const RowView& row, Entity& entity) {
  constexpr std::size_t kColumns = Schema<Entity>::kColumns;
  RoomForRow<kColumns> room;
  row.read(room.values);
  readMembers(room.values, entity, std::make_index_sequence<kColumns>());
}

}  // namespace detail

/// The table of an entity. Any thread; copies are cheap and count together.
template <typename Entity>
class BaseRepository {
  using S = detail::Schema<Entity>;
  using Text = detail::EntityText<Entity>;

 public:
  using Key = KeyOf<Entity>;

  explicit BaseRepository(ConnectionPool& pool, const RepositoryOptions& options = {})
      : core_(pool, S::table.name, options) {}

  /// The same repository inside of a transaction, for as long as that lives.
  BaseRepository in(Transaction& transaction) const { return BaseRepository(core_.in(transaction)); }

  std::optional<Entity> findById(const Key& key) const {
    std::optional<Entity> found;
    auto read = [&found](const RowView& row) {
      detail::readEntity(row, found.emplace());
      return false;
    };
    core_.read(detail::Operation::Find, detail::StaticText<typename Text::FindByKey>::sql(),
               detail::BoundKey<Entity>(key).values(), detail::RowVisitor(read));
    return found;
  }
  bool exists(const Key& key) const {
    bool found = false;
    auto read = [&found](const RowView&) {
      found = true;
      return false;
    };
    core_.read(detail::Operation::Find, detail::StaticText<typename Text::Exists>::sql(),
               detail::BoundKey<Entity>(key).values(), detail::RowVisitor(read));
    return found;
  }
  std::vector<Entity> findMany(const QueryOptions<Entity>& options = {}) const {
    std::vector<Entity> found;
    if (options.limit && *options.limit > 0 && *options.limit < 100'000) {
      found.reserve(static_cast<std::size_t>(*options.limit));
    }
    auto read = [&found](const RowView& row) { detail::readEntity(row, found.emplace_back()); };
    select(options, detail::RowVisitor(read));
    return found;
  }
  std::optional<Entity> findOne(QueryOptions<Entity> options = {}) const {
    std::optional<Entity> found;
    options.limit = 1;
    auto read = [&found](const RowView& row) { detail::readEntity(row, found.emplace()); };
    select(options, detail::RowVisitor(read));
    return found;
  }
  /// Calls `visit(const Entity&)` for each, in constant memory; false from it ends the reading.
  template <typename F>
    requires std::invocable<F&, const Entity&>
  void forEach(const QueryOptions<Entity>& options, F&& visit) const {
    Entity entity{};
    auto read = [&](const RowView& row) {
      detail::readEntity(row, entity);
      if constexpr (std::is_void_v<std::invoke_result_t<F&, const Entity&>>) {
        visit(std::as_const(entity));
        return true;
      } else {
        return static_cast<bool>(visit(std::as_const(entity)));
      }
    };
    select(options, detail::RowVisitor(read));
  }
  std::int64_t count(const QueryOptions<Entity>& options = {}) const {
    std::int64_t total = 0;
    auto read = [&total](const RowView& row) { total = row.get<std::int64_t>(0); };
    detail::QueryText query(detail::StaticText<CountText>::text());
    query.where(options.where.condition());
    core_.read(detail::Operation::List, query.sql(), query.values, detail::RowVisitor(read), options.timeout);
    return total;
  }

  /// Adds a row. An integer key that is zero is found by SQLite, and is in what is returned.
  Entity create(Entity entity) const {
    const bool withoutKey = keyIsToBeFound(entity);
    RunResult result;
    {
      const detail::BoundEntity<Entity> bound(entity, withoutKey);
      result = core_.write(detail::Operation::Create, insertText(withoutKey), bound.values());
    }
    if (withoutKey) setKey(entity, result.lastInsertRowId);
    return entity;
  }
  /// Adds all of them, or none, in one transaction.
  std::vector<Entity> createMany(std::vector<Entity> entities) const {
    std::vector<bool> without(entities.size());  // Their keys are found anew where the transaction is run again.
    core_.inTransaction(detail::Operation::Create, [&entities, &without](Transaction& tx) {
      std::optional<detail::StatementBatch> withKey;
      std::optional<detail::StatementBatch> withoutKey;
      detail::BoundEntity<Entity> bound;
      for (std::size_t i = 0; i < entities.size(); ++i) {
        Entity& entity = entities[i];
        const bool findsKey = without[i] || keyIsToBeFound(entity);
        without[i] = findsKey;
        std::optional<detail::StatementBatch>& batch = findsKey ? withoutKey : withKey;
        if (!batch) batch.emplace(tx, insertText(findsKey));
        bound.bind(entity, findsKey);
        const std::int64_t rowId = batch->run(bound.values());
        if (findsKey) setKey(entity, rowId);
      }
    });
    return entities;
  }
  /// Adds the row, or changes the one that has its key.
  void upsert(const Entity& entity) const {
    const detail::BoundEntity<Entity> bound(entity);
    core_.write(detail::Operation::Create, detail::StaticText<typename Text::Upsert>::sql(), bound.values());
  }
  /// Changes some columns of a row. Returns the row as it is then; nothing where there is none with that key.
  std::optional<Entity> update(const Key& key, std::initializer_list<Assignment<Entity>> changes) const {
    if (changes.size() > S::kColumns) detail::throwChangedTwice();
    std::array<std::string_view, S::kColumns> columns;
    std::array<ValueView, S::kColumns + S::kKeyColumns> values;
    std::size_t count = 0;
    for (const Assignment<Entity>& change : changes) {
      columns[count] = change.column;
      values[count++] = change.value.view();
    }
    const detail::BoundKey<Entity> bound(key);
    std::copy(bound.values().begin(), bound.values().end(), values.begin() + count);
    std::optional<Entity> changed;
    auto read = [&changed](const RowView& row) { detail::readEntity(row, changed.emplace()); };
    core_.update({detail::StaticText<UpdateText>::text(),
                  {columns.data(), count},
                  detail::StaticText<ByKeyReturningText>::text()},
                 {values.data(), count + S::kKeyColumns}, detail::RowVisitor(read));
    return changed;
  }
  /// Changes some columns of all rows that fulfil the condition, which must not be empty. Returns their number.
  std::int64_t updateMany(const Where<Entity>& where, std::initializer_list<Assignment<Entity>> changes) const {
    detail::QueryText query(detail::StaticText<UpdateText>::text());
    assign(query, changes);
    query.whereMeant(where.condition());
    return core_.write(detail::Operation::Update, query.sql(), query.values).changes;
  }
  /// Whether there was one.
  bool remove(const Key& key) const {
    return core_
               .write(detail::Operation::Remove, detail::StaticText<typename Text::Remove>::sql(),
                      detail::BoundKey<Entity>(key).values())
               .changes > 0;
  }
  /// Removes all rows that fulfil the condition, which must not be empty. Returns their number.
  std::int64_t removeMany(const Where<Entity>& where) const {
    detail::QueryText query(detail::StaticText<DeleteText>::text());
    query.whereMeant(where.condition());
    return core_.write(detail::Operation::Remove, query.sql(), query.values).changes;
  }

  /// Makes the table and its indexes where they are missing; changes nothing that is there. What is mapped for a column is
  /// checked by the table from then on, whoever writes to it.
  void createTable() const { core_.createTable(detail::TableFacts::of<Entity>()); }

  RepositoryMetrics metrics() const { return core_.metrics(); }

 private:
  explicit BaseRepository(detail::RepositoryCore core) : core_(std::move(core)) {}

  struct CountText {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      sink.put("SELECT count(*) FROM ");
      Text::putTable(sink);
    }
  };
  struct UpdateText {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      sink.put("UPDATE ");
      Text::putTable(sink);
      sink.put(" SET ");
    }
  };
  struct DeleteText {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      sink.put("DELETE FROM ");
      Text::putTable(sink);
    }
  };
  struct ByKeyReturningText {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      Text::putByKey(sink);
      sink.put(" RETURNING ");
      Text::Columns::write(sink);
    }
  };

  static const Sql& insertText(bool withoutKey) {
    return withoutKey ? detail::StaticText<typename Text::InsertWithoutKey>::sql()
                      : detail::StaticText<typename Text::Insert>::sql();
  }
  static bool keyIsToBeFound(const Entity& entity) {
    if constexpr (S::kHasRowIdKey)
      return entity.*(S::template column<S::kKey>().member) == 0;
    else
      return false;
  }
  static void setKey(Entity& entity, std::int64_t rowId) {
    if constexpr (S::kHasRowIdKey) {
      entity.*(S::template column<S::kKey>().member) = static_cast<typename S::template Member<S::kKey>>(rowId);
    }
  }
  static void assign(detail::QueryText& query, std::initializer_list<Assignment<Entity>> changes) {
    if (changes.size() == 0) detail::throwNothingToChange();
    bool first = true;
    for (const Assignment<Entity>& change : changes) {
      query.assign(change.column, change.value, first);
      first = false;
    }
  }
  void select(const QueryOptions<Entity>& options, detail::RowVisitor visit) const {
    detail::QueryText query(detail::StaticText<typename Text::SelectAll>::text());
    query.where(options.where.condition());
    bool first = true;
    for (const Ordering<Entity>& ordering : options.orderBy) {
      query.orderBy(ordering.column, ordering.order, first);
      first = false;
    }
    query.limit(options.limit, options.offset);
    core_.read(detail::Operation::List, query.sql(), query.values, visit, options.timeout);
  }

  detail::RepositoryCore core_;
};

}  // namespace holdfast
