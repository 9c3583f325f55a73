#pragma once

#include <holdfast/error.hpp>

#include "core/out_of_memory.hpp"

namespace holdfast {

/// Runs `body`; what it throws says how much memory and how many handles are in use.
template <typename Core, typename F>
auto inContext(const Core& core, F body) {
  try {
    return translatingBadAlloc(body);
  } catch (Error& error) {
    setContextIfPossible(error, [&core] { return core.contextText(); });
    throw;
  }
}

}  // namespace holdfast
