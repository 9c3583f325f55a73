#include "repository/repository_cache.hpp"

#include "pool/pool_internals.hpp"

namespace holdfast::detail {

RepositoryCache::RepositoryCache(ConnectionPool& pool, const CacheOptions& options)
    : pool_(pool), changes_(PoolInternals::changes(pool)), manager_(options, this) {
  changes_.add(*this);
  try {
    PoolInternals::addCache(pool_, manager_);
  } catch (...) {
    changes_.remove(*this);
    throw;
  }
}

RepositoryCache::~RepositoryCache() {
  PoolInternals::removeCache(pool_, manager_);
  changes_.remove(*this);
}

std::optional<std::uint64_t> RepositoryCache::version(Parts parts) noexcept {
  if (const auto version = changes_.version(parts)) return version;
  changes_.lookForForeignCommits();
  return changes_.version(parts);
}

}  // namespace holdfast::detail
