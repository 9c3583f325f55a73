#pragma once

#include <span>

#include <holdfast/connection_pool.hpp>

#include "memory_stress/mixed_step.hpp"

namespace bench {

/// The mixed load through a pool.
class PoolSide {
 public:
  explicit PoolSide(holdfast::ConnectionPool& pool) : pool_(&pool) {}

  std::size_t pointRead(std::int64_t id) {
    std::size_t bytes = 0;
    pool_->forEach(
        kPointRead, [&](const holdfast::RowView& row) { bytes += read(row, 0); }, id);
    return bytes;
  }
  std::size_t rangeScan(std::int64_t id) {
    std::size_t bytes = 0;
    pool_->forEach(
        kRangeScan, [&](const holdfast::RowView& row) { bytes += read(row, 1); }, id);
    return bytes;
  }
  void update(std::int64_t id, std::span<const std::byte> payload) { pool_->run(kUpdate, payload, id); }

 private:
  std::size_t read(const holdfast::RowView& row, std::size_t column) {
    sum_ += row.get<std::int64_t>(column);
    return row.get<holdfast::BlobView>(column + 1).size();
  }

  holdfast::ConnectionPool* pool_;
  std::int64_t sum_ = 0;
};

}  // namespace bench
