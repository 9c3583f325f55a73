#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "samplers.hpp"

namespace edge_agent {

/// The text of a source as the kernel gives it now, in the form that its sampler reads; nothing where this machine does
/// not have it (temperatures on most virtual machines).
std::optional<std::string> readSource(Source source);

/// The resident memory of this process, in bytes; 0 where it is unknown.
std::int64_t residentBytes();

}  // namespace edge_agent
