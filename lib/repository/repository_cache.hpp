#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include <holdfast/cache_manager.hpp>
#include <holdfast/connection_pool.hpp>

#include "connection/change_log.hpp"
#include "pool/change_hub.hpp"

namespace holdfast::detail {

/// What a repository keeps of its table, good for as long as the tables that it was read from do not change.
class RepositoryCache final : CacheSource, ChangeLog::Gate {
 public:
  RepositoryCache(ConnectionPool& pool, const CacheOptions& options);
  RepositoryCache(const RepositoryCache&) = delete;
  RepositoryCache& operator=(const RepositoryCache&) = delete;
  ~RepositoryCache();

  CacheManager& manager() noexcept { return manager_; }
  /// The tables that the last load has read: the next one is likely to read the same.
  Parts likelyTables() const noexcept { return likely_.load(std::memory_order_relaxed); }
  void noteTables(Parts tables) noexcept { likely_.store(tables, std::memory_order_relaxed); }

 private:
  std::optional<std::uint64_t> version(Parts parts) noexcept override;
  void pass() noexcept override { manager_.awaitReaders(); }

  const std::shared_ptr<ChangeHub> hub_;
  std::atomic<Parts> likely_{kAllParts};
  CacheManager manager_;
};

}  // namespace holdfast::detail
