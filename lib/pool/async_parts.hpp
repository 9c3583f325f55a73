#pragma once

#include <holdfast/features.hpp>

// The queue of posted work and the threads of async(), or what stands for them where they are left out.
#if HOLDFAST_ASYNC
#include "pool/executor.hpp"
#include "pool/post_queue.hpp"
#else
#include "pool/no_async.hpp"
#endif
