#pragma once

#include <holdfast/features.hpp>

namespace holdfast {

/// Whether there are threads. Without them a pool has one handle, the journal is a rollback journal, tick() does all of
/// the housekeeping, and every call belongs to the one thread that there is.
inline constexpr bool kHasThreads = HOLDFAST_THREADS != 0;

}  // namespace holdfast
