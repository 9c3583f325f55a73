#pragma once

#include <chrono>

namespace holdfast {

/// What deadlines and waits go by: it never jumps.
using SteadyClock = std::chrono::steady_clock;

}  // namespace holdfast
