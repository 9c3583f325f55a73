#include <holdfast/clock.hpp>

#include "core/port/clock.hpp"

namespace holdfast {
namespace {

class SystemClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return port::coarseSteadyNow(); }
};

// Of trivial content, so that it works in the constructors and destructors of other static objects.
constinit const SystemClock clock;

}  // namespace

const Clock& systemClock() noexcept { return clock; }

Timestamp wallTime() noexcept { return port::wallNow(); }

}  // namespace holdfast
