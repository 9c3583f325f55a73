#include "repository/repository_cache.hpp"

#include "pool/pool_internals.hpp"

namespace holdfast::detail {

RepositoryCache::RepositoryCache(ConnectionPool& pool, const CacheOptions& options)
    : hub_(PoolInternals::hub(pool)), manager_(options, this) {
  hub_->changes.add(*this);
  try {
    hub_->add(manager_);
  } catch (...) {
    hub_->changes.remove(*this);
    throw;
  }
}

RepositoryCache::~RepositoryCache() {
  hub_->remove(manager_);
  hub_->changes.remove(*this);
}

std::optional<std::uint64_t> RepositoryCache::version(Parts parts) noexcept {
  if (const auto version = hub_->changes.version(parts)) return version;
  hub_->changes.lookForForeignCommits();
  return hub_->changes.version(parts);
}

}  // namespace holdfast::detail
