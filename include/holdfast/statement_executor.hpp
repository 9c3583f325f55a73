#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include <holdfast/row.hpp>
#include <holdfast/sql.hpp>
#include <holdfast/value.hpp>

struct sqlite3_stmt;
struct sqlite3_value;

namespace holdfast {

/// What a statement that changes data did.
struct RunResult {
  /// Rows inserted, updated or deleted by the statement itself, not by triggers.
  std::int64_t changes = 0;
  /// The rowid of the last insert on this handle, by whichever statement.
  std::int64_t lastInsertRowId = 0;
};

/// The row a running statement stands on. Only valid inside the callback it was passed to; so are the text and blob
/// views it hands out.
class RowView {
 public:
  explicit RowView(sqlite3_stmt* statement) noexcept : statement_(statement) {}

  std::size_t size() const noexcept;
  std::string_view columnName(std::size_t column) const;
  /// Throws Error{InvalidArgument} where there is no such column, and Error{MemoryLimit} where SQLite has no memory
  /// for it.
  ValueView at(std::size_t column) const;
  /// The first values.size() columns: cheaper than one by one. Need not hold anything before. Throws as at() does.
  void read(std::span<ValueView> values) const;
  /// Row::get(), plus std::string_view and BlobView for reading in place.
  template <typename T>
  T get(std::size_t column) const {
    return detail::decode<T>(at(column), [this, column] { return columnName(column); });
  }

 private:
  static constexpr std::size_t kKept = 16;
  void keepColumns(sqlite3_value* first, std::size_t count) const;
  [[noreturn]] void throwNoColumn(std::size_t column) const;

  sqlite3_stmt* statement_;
  // Where SQLite had the first columns of the last row that read() saw: most statements have each row in the same place,
  // and asking for a column takes as long as reading it.
  mutable std::size_t kept_ = 0;
  mutable std::array<sqlite3_value*, kKept> columns_{};
};

namespace detail {

/// A callable of the caller's, seen without its type. Does not own it.
class RowVisitor {
 public:
  template <typename F>
    requires(!std::same_as<std::remove_cvref_t<F>, RowVisitor>)
  explicit RowVisitor(F& visitor) noexcept
      : visitor_(std::addressof(visitor)), call_([](const void* target, const RowView& row) -> bool {
          F& visit = *static_cast<F*>(const_cast<void*>(target));
          if constexpr (std::is_void_v<std::invoke_result_t<F&, const RowView&>>) {
            visit(row);
            return true;
          } else {
            return static_cast<bool>(visit(row));
          }
        }) {}
  bool operator()(const RowView& row) const { return call_(visitor_, row); }
  /// One that does not look.
  static RowVisitor none() noexcept {
    static constexpr auto kIgnore = [](const RowView& /*row*/) { return true; };
    return RowVisitor(kIgnore);
  }

 private:
  const void* visitor_;
  bool (*call_)(const void*, const RowView&);
};

}  // namespace detail

/// Whatever can carry out SQL: a leased Connection, a Transaction, a pool. The calls mean the same everywhere; they
/// differ in the handle that they use.
///
/// Parameters are bound to `?` in order, never written into the text; their number must fit. A call carries out
/// exactly one statement. Errors are Error; a failed statement leaves nothing behind of itself.
class StatementExecutor {
 public:
  /// Carries out a statement that changes data (or one whose rows do not matter) to its end.
  template <typename... Args>
  RunResult run(const Sql& sql, const Args&... args) {
    const std::array<ValueView, sizeof...(Args)> values{ValueView(args)...};
    return runBound(sql, values);
  }
  /// The same with values that are known only at run time.
  RunResult run(const Sql& sql, std::span<const Value> values);
  RunResult run(const Sql& sql, const std::vector<Value>& values) { return run(sql, std::span(values)); }

  /// Reads a whole result into memory.
  template <typename... Args>
  Rows query(const Sql& sql, const Args&... args) {
    const std::array<ValueView, sizeof...(Args)> values{ValueView(args)...};
    return queryBound(sql, values);
  }
  Rows query(const Sql& sql, std::span<const Value> values);
  Rows query(const Sql& sql, const std::vector<Value>& values) { return query(sql, std::span(values)); }

  /// The first row, or nothing.
  template <typename... Args>
  std::optional<Row> queryOne(const Sql& sql, const Args&... args) {
    const std::array<ValueView, sizeof...(Args)> values{ValueView(args)...};
    return queryOneBound(sql, values);
  }
  std::optional<Row> queryOne(const Sql& sql, std::span<const Value> values);
  std::optional<Row> queryOne(const Sql& sql, const std::vector<Value>& values) {
    return queryOne(sql, std::span(values));
  }

  /// The first column of the first row; nothing where there is no row or it is NULL.
  template <typename T, typename... Args>
  std::optional<T> queryValue(const Sql& sql, const Args&... args) {
    const std::array<ValueView, sizeof...(Args)> values{ValueView(args)...};
    return firstValue<T>([&](detail::RowVisitor take) { visitBound(sql, values, take); });
  }
  template <typename T>
  std::optional<T> queryValue(const Sql& sql, std::span<const Value> values) {
    return firstValue<T>([&](detail::RowVisitor take) { visitValues(sql, values, take); });
  }
  template <typename T>
  std::optional<T> queryValue(const Sql& sql, const std::vector<Value>& values) {
    return queryValue<T>(sql, std::span(values));
  }

  /// Calls `visit(const RowView&)` for each row, in constant memory. A visit that returns false ends the reading; one
  /// that throws ends it and the exception travels on. The handle is in use meanwhile. A statement that writes and
  /// returns rows has written them all before the first is seen, and is carried out to its end.
  template <typename F, typename... Args>
    requires std::invocable<F&, const RowView&>
  void forEach(const Sql& sql, F&& visit, const Args&... args) {
    const std::array<ValueView, sizeof...(Args)> values{ValueView(args)...};
    visitBound(sql, values, detail::RowVisitor(visit));
  }
  template <typename F>
    requires std::invocable<F&, const RowView&>
  void forEach(const Sql& sql, F&& visit, std::span<const Value> values) {
    visitValues(sql, values, detail::RowVisitor(visit));
  }
  template <typename F>
    requires std::invocable<F&, const RowView&>
  void forEach(const Sql& sql, F&& visit, const std::vector<Value>& values) {
    forEach(sql, visit, std::span(values));
  }

  /// Carries out a statement that changes data and returns rows (RETURNING), as run() would, and calls
  /// `visit(const RowView&)` for each; again from the first where it is repeated on contention. Where `visit` throws, a
  /// statement that is a transaction of its own is undone; in a transaction it is undone with that.
  template <typename F, typename... Args>
    requires std::invocable<F&, const RowView&>
  RunResult runReturning(const Sql& sql, F&& visit, const Args&... args) {
    const std::array<ValueView, sizeof...(Args)> values{ValueView(args)...};
    return runReturningBound(sql, values, detail::RowVisitor(visit));
  }

  // The calls above without their types: what an executor carries out.
  virtual RunResult runBound(const Sql& sql, std::span<const ValueView> values) = 0;
  virtual RunResult runReturningBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) = 0;
  virtual void visitBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) = 0;
  virtual Rows queryBound(const Sql& sql, std::span<const ValueView> values) = 0;

 protected:
  StatementExecutor() = default;
  StatementExecutor(const StatementExecutor&) = default;
  StatementExecutor(StatementExecutor&&) = default;
  StatementExecutor& operator=(const StatementExecutor&) = default;
  StatementExecutor& operator=(StatementExecutor&&) = default;
  ~StatementExecutor() = default;

 private:
  template <typename T, typename Visit>
  static std::optional<T> firstValue(Visit visit) {
    static_assert(!std::is_same_v<T, std::string_view> && !std::is_same_v<T, BlobView>,
                  "a view would outlive the row that it looks at: ask for std::string or Blob, or use forEach()");
    std::optional<T> result;
    auto take = [&result](const RowView& row) {
      result = row.get<std::optional<T>>(0);
      return false;
    };
    visit(detail::RowVisitor(take));
    return result;
  }
  void visitValues(const Sql& sql, std::span<const Value> values, detail::RowVisitor visit);
  std::optional<Row> queryOneBound(const Sql& sql, std::span<const ValueView> values);
};

}  // namespace holdfast
