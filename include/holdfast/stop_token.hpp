#pragma once

#include <holdfast/platform.hpp>

#if HOLDFAST_THREADS
#include <stop_token>
#else
#include <atomic>
#include <memory>
#include <utility>
#endif

namespace holdfast {

// Asks a call that is under way to stop. With threads these are the standard's own types.

#if HOLDFAST_THREADS

using StopToken = std::stop_token;
using StopSource = std::stop_source;
template <typename F>
using StopCallback = std::stop_callback<F>;

#else

/// Looks at whether a stop was requested. Copies look at the same.
class StopToken {
 public:
  StopToken() noexcept = default;
  bool stop_possible() const noexcept { return requested_ != nullptr; }
  bool stop_requested() const noexcept { return requested_ && requested_->load(std::memory_order_relaxed); }

 private:
  friend class StopSource;
  explicit StopToken(std::shared_ptr<std::atomic<bool>> requested) noexcept : requested_(std::move(requested)) {}

  std::shared_ptr<std::atomic<bool>> requested_;
};

/// Requests the stop. The constructor allocates; request_stop() only sets a flag, so that an interrupt handler may call
/// it.
class StopSource {
 public:
  StopSource() : requested_(std::make_shared<std::atomic<bool>>(false)) {}
  StopToken get_token() const noexcept { return StopToken(requested_); }
  bool stop_requested() const noexcept { return requested_->load(std::memory_order_relaxed); }
  bool request_stop() noexcept { return !requested_->exchange(true, std::memory_order_relaxed); }

 private:
  std::shared_ptr<std::atomic<bool>> requested_;
};

/// With one thread nobody waits who would have to be woken: whoever can be stopped looks at the token.
template <typename F>
class StopCallback {
 public:
  StopCallback(const StopToken&, const F&) noexcept {}
};

#endif

}  // namespace holdfast
