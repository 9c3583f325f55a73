#pragma once

#include <cstddef>
#include <cstdint>

#include <holdfast/clock.hpp>
#include <holdfast/connection_config.hpp>

namespace holdfast {

enum class SlotState : std::uint8_t {
  Empty,   ///< No handle is open.
  Idle,    ///< A handle is open and free.
  Leased,  ///< A handle is out.
};

/// What the decisions below look at. Times are on the pool's clock.
struct SlotFacts {
  SlotState state = SlotState::Empty;
  bool isWriter = false;
  Clock::TimePoint renewAt{};   ///< When an open handle has reached its age.
  Clock::TimePoint lastUsed{};  ///< When it was last given back, or opened.
  Clock::TimePoint leasedAt{};
  Clock::TimePoint retryAt{};  ///< Before then an empty slot is not opened again.
  bool leakReported = false;
  bool forced = false;
};

/// AdoptShares is for the pool itself to say: it knows the shares of memory.
enum class Verdict : std::uint8_t { Keep, CloseIdle, Renew, Refill, ReportLeak, ForceBack, AdoptShares };

/// What housekeeping should do with a slot now. `openHandles` counts the pool's open handles, this one included.
Verdict judge(const SlotFacts& slot, const ConnectionConfig& config, std::size_t openHandles, Clock::TimePoint now);

/// The document's isConnectionStale: whether the handle has reached its age. Age counts from creation, so steady use
/// does not keep a handle for ever.
bool isConnectionStale(const SlotFacts& slot, Clock::TimePoint now) noexcept;

/// Whether a handle has been idle for so long that it must prove itself before it is leased.
bool needsVerification(const SlotFacts& slot, const ConnectionConfig& config, Clock::TimePoint now) noexcept;

/// When a handle made at `createdAt` is renewed: at maxConnectionAge less up to a tenth, so that handles opened
/// together are not renewed together. `random` is in [0, 1). The end of time where maxConnectionAge is zero.
Clock::TimePoint renewalTime(Clock::TimePoint createdAt, std::chrono::milliseconds maxConnectionAge, double random);

/// The pause before an open is tried again after `failures` (1 and up) failed in a row: doubles, up to 64 times
/// `first`.
/// But for the first, at most half of `acquireTimeout` (zero: no such bound): whoever waits its whole time sees an attempt.
std::chrono::milliseconds openRetryPause(std::chrono::milliseconds first, int failures,
                                         std::chrono::milliseconds acquireTimeout) noexcept;

}  // namespace holdfast
