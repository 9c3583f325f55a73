#pragma once

#include <span>

#include <holdfast/connection_pool.hpp>

#include "memory_stress/operations.hpp"

namespace bench {

/// Counts a row whose columns are a number and what is fetched.
inline void add(Seen& seen, const holdfast::RowView& row) {
  ++seen.rows;
  seen.sum += row.get<std::int64_t>(0);
  const holdfast::ValueView last = row.at(1);
  seen.bytes += last.type() == holdfast::ValueType::Blob ? last.blob().size() : last.text().size();
}

/// The operations through a pool.
class PoolSide {
 public:
  explicit PoolSide(holdfast::ConnectionPool& pool) : pool_(&pool) {}

  Seen read(Kind kind, std::int64_t id) {
    Seen seen;
    pool_->forEach(
        sqlOf(kind), [&](const holdfast::RowView& row) { add(seen, row); }, id);
    return seen;
  }
  /// Returns how many rows were changed.
  std::int64_t write(Kind kind, std::span<const std::byte> payload, std::int64_t id) {
    return pool_->run(sqlOf(kind), payload, id).changes;
  }

 private:
  holdfast::ConnectionPool* pool_;
};

}  // namespace bench
