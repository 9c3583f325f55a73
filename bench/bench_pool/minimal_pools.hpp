#pragma once

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace bench {

// Two pools as small as they can be written, to tell what a lease must cost at least and what the textbook form costs.
// They wait for nobody, verify nothing and know no age; handles are numbers.

/// A mutex and a bit for each free handle.
class BitMaskPool {
 public:
  explicit BitMaskPool(std::size_t handles) : free_((std::uint64_t{1} << handles) - 1) {}

  std::size_t acquire() {
    const std::lock_guard lock(mutex_);
    const int handle = std::countr_zero(free_);
    free_ &= free_ - 1;
    return static_cast<std::size_t>(handle);
  }
  void release(std::size_t handle) {
    const std::lock_guard lock(mutex_);
    free_ |= std::uint64_t{1} << handle;
  }

 private:
  std::mutex mutex_;
  std::uint64_t free_;
};

/// A mutex, a list of the idle, a set of those in use and a map of when each was last used.
class HashPool {
 public:
  explicit HashPool(std::size_t handles) {
    for (std::size_t i = 0; i < handles; ++i) idle_.push_back(i);
  }

  std::size_t acquire() {
    const std::lock_guard lock(mutex_);
    const std::size_t handle = idle_.back();
    idle_.pop_back();
    inUse_.insert(handle);
    return handle;
  }
  void release(std::size_t handle) {
    const std::lock_guard lock(mutex_);
    inUse_.erase(handle);
    lastUsed_[handle] = std::chrono::steady_clock::now();
    idle_.push_back(handle);
  }

 private:
  std::mutex mutex_;
  std::vector<std::size_t> idle_;
  std::unordered_set<std::size_t> inUse_;
  std::unordered_map<std::size_t, std::chrono::steady_clock::time_point> lastUsed_;
};

}  // namespace bench
