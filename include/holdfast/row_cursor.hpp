#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <holdfast/connection.hpp>

namespace holdfast {

struct CachedStatement;

/// A query that stands on one of its rows: reading in constant memory where forEach() does not fit the caller's control
/// flow. Used by one thread at a time, the one that holds the connection.
///
/// While it lives the query holds its view of the database, and the connection is in use: of a lease of its own, until
/// the cursor goes. Otherwise the cursor must go before the lease, or the transaction, that it reads through.
class RowCursor {
 public:
  /// Begins a query on a connection that the caller leases and keeps leased. The text and the values are copied. Throws
  /// Error: Denied for a statement that writes, InvalidSql, InvalidArgument, and what preparing meets.
  RowCursor(Connection& connection, const Sql& sql, std::span<const ValueView> values);
  /// The same on a lease, which is given back when the query ends or the cursor goes.
  RowCursor(PooledConnection lease, const Sql& sql, std::span<const ValueView> values);
  RowCursor(RowCursor&& other) noexcept;
  RowCursor& operator=(RowCursor&&) = delete;
  ~RowCursor() { close(); }

  /// Goes to the next row, which is valid until the next call; null after the last one. Blocks for reading. Throws
  /// Error: LeaseRevoked, Timeout and Interrupted where a bound of the lease is met, also between two rows;
  /// TransactionAborted; and what reading meets. The query has ended then.
  const RowView* next();
  /// Ends the query. Does nothing a second time.
  void close() noexcept;

 private:
  void begin(std::span<const ValueView> values);
  /// Of the statement, not of the lease.
  void end() noexcept;

  PooledConnection lease_;
  Connection* connection_;
  Sql sql_;
  std::vector<Value> values_;  // SQLite looks at them while the query runs.
  CachedStatement* statement_ = nullptr;
  RowView row_{nullptr};
};

}  // namespace holdfast
