#pragma once

#include <memory>

namespace holdfast {

namespace detail {
class Observer;
}

/// A function that is called when tables may have changed, for as long as this object lives. Move-only; any thread.
///
/// The calls come on one thread of the pool's own (with HousekeepingMode::Manual: in tick()), after the change can be
/// read, one at a time. Several changes in a row may make one call. Changes of other processes are noticed when the
/// pool writes, when a cache is asked, and at the next round of housekeeping. The function may use the pool; what it
/// throws is logged and dropped. It must not close the pool.
class Observation {
 public:
  Observation() noexcept = default;
  explicit Observation(std::shared_ptr<detail::Observer> observer) noexcept;
  Observation(Observation&& other) noexcept;
  Observation& operator=(Observation&& other) noexcept;
  ~Observation();

  /// After it returns the function is not called any more. Blocks while it runs, except inside of it.
  void stop() noexcept;

 private:
  std::shared_ptr<detail::Observer> observer_;
};

}  // namespace holdfast
