#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <holdfast/post.hpp>

// The queue of posted work and the threads of async() in a library that was built without them: always empty, so that the
// compiler drops what the pool would do about them.

namespace holdfast {

class Task;

class PostQueue {
 public:
  using Tasks = std::vector<std::unique_ptr<detail::PostedTask>>;
  struct Bounds {
    std::size_t batch = 0;
    std::int64_t bytes = 0;
    std::chrono::milliseconds delay{};
    std::size_t capacity = 0;
  };

  void reset(const Bounds& /*bounds*/) noexcept {}
  static Tasks take() noexcept { return {}; }
  static constexpr bool empty() noexcept { return true; }
  static constexpr std::size_t size() noexcept { return 0; }
  static constexpr std::int64_t bytes() noexcept { return 0; }
  static constexpr std::int64_t totalBytes() noexcept { return 0; }
  static constexpr void boundTotal(std::int64_t /*bytes*/) noexcept {}
  static constexpr bool due() noexcept { return false; }
  void close() noexcept {}
  static constexpr bool isCurrentThread() noexcept { return false; }
  void joinThread() noexcept {}
};

struct ExecutorLimits {
  std::size_t threads = 0;
  std::size_t capacity = 0;
};

class Executor {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit Executor(ExecutorLimits /*limits*/) noexcept {}
  static constexpr bool finish(TimePoint /*deadline*/) noexcept { return true; }
  void drop() noexcept {}
  void stop(bool /*drain*/) noexcept {}
  static constexpr bool isWorkerThread() noexcept { return false; }
  static std::vector<std::uint64_t> threadIds() noexcept { return {}; }
  static constexpr std::size_t pending() noexcept { return 0; }
};

}  // namespace holdfast
