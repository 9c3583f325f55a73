#pragma once

#include <holdfast/platform.hpp>

/// One for each thread. Without threads it is an ordinary variable: the compilers for bare metal would allocate it, and
/// end the program where that fails.
#if HOLDFAST_THREADS
#define HOLDFAST_THREAD_LOCAL thread_local
#else
#define HOLDFAST_THREAD_LOCAL
#endif
