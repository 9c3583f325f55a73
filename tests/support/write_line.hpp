#pragma once

#include <cstddef>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <holdfast/connection_pool.hpp>

#include "support/threads.hpp"

namespace holdfast::test {

/// Threads that stand in line for the write handle in the order of being added, until it is let go: what they do then
/// shares one COMMIT where it may.
class WriteLine {
 public:
  explicit WriteLine(ConnectionPool& pool) : pool_(pool), held_(pool.acquire(Access::Write, kPatience)) {}
  WriteLine(const WriteLine&) = delete;
  WriteLine& operator=(const WriteLine&) = delete;
  ~WriteLine() { go(); }

  /// Starts a thread that runs `body()` and waits until it stands in line. False where it does not come.
  template <typename F>
  bool add(F body) {
    const std::size_t before = pool_.metrics().pendingRequests;
    threads_.emplace_back(std::move(body));
    return eventually([&] { return pool_.metrics().pendingRequests > before; });
  }
  /// Lets the handle go. Returns once all threads have ended.
  void go() {
    held_.release();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  ConnectionPool& pool_;
  PooledConnection held_;
  std::vector<std::thread> threads_;
};

}  // namespace holdfast::test
