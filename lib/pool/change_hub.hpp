#pragma once

#include <vector>

#include <holdfast/cache_manager.hpp>

#include "connection/change_log.hpp"
#include "core/port/mutex.hpp"

namespace holdfast {

/// What a pool and the caches of what was read from it share: it lives as long as the last of them.
struct ChangeHub {
  explicit ChangeHub(ChangeLog::Listener& listener) noexcept : changes(listener) {}

  ChangeLog changes;

  /// The cache gives up memory when that runs short, until it is removed.
  void add(CacheManager& cache) {
    const port::LockGuard guard(mutex_);
    caches_.push_back(&cache);
  }
  void remove(CacheManager& cache) noexcept {
    const port::LockGuard guard(mutex_);
    std::erase(caches_, &cache);
  }
  std::int64_t cacheBytes() {
    const port::LockGuard guard(mutex_);
    std::int64_t bytes = 0;
    for (const CacheManager* cache : caches_) bytes += cache->bytes();
    return bytes;
  }
  /// Each to its part, where all caches of the process hold more than they may.
  void trimCaches() noexcept {
    const port::LockGuard guard(mutex_);
    for (CacheManager* cache : caches_) cache->trim();
  }
  /// Forgets half of what the caches hold, or all of it.
  void shrinkCaches(bool all) {
    const port::LockGuard guard(mutex_);
    for (CacheManager* cache : caches_) cache->shrink(all ? 0 : cache->bytes() / 2);
  }

 private:
  port::Mutex mutex_;
  std::vector<CacheManager*> caches_ HOLDFAST_GUARDED_BY(mutex_);
};

}  // namespace holdfast
