#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <holdfast/clock.hpp>

// Figures as people read them.

namespace edge_agent {

std::string formatBytes(std::int64_t bytes);                    ///< "3.1 MiB"
std::string formatDuration(std::chrono::nanoseconds duration);  ///< "1.25 ms"
std::string formatTime(holdfast::Timestamp time);               ///< "2025-11-02T17:03:21.250Z"

}  // namespace edge_agent
