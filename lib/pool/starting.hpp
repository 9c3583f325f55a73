#pragma once

#include "core/port/mutex.hpp"

namespace holdfast {

/// Files are looked at, and perhaps replaced, by one pool of the process at a time, up to where it has laid claim to its
/// own. Taken before any other lock.
inline constinit port::Mutex startingMutex;

}  // namespace holdfast
