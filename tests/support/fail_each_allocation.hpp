#pragma once

#include <new>

#include <holdfast/error.hpp>

#include "support/child_process.hpp"
#include "support/failing_allocation.hpp"
#include "support/no_logger.hpp"

namespace holdfast::test {

/// Runs `attempt` with the n-th allocation failing, for every n that there is, and `check` after each. Returns how many
/// there are; -1 where there is no end of them.
template <typename Attempt, typename Check>
int failEachAllocation(Attempt attempt, Check check) {
  for (int allowed = 0; allowed < 2000; ++allowed) {
    bool failed = false;
    {
      const FailingAllocation failing(allowed);
      try {
        attempt();
      } catch (const std::bad_alloc&) {
      } catch (const Error&) {
      }
      failed = FailingAllocation::hasFailed();
    }
    check();
    if (!failed) return allowed;
  }
  return -1;
}

/// The check runs in a child of its own: an exception that leaves a noexcept function ends the process.
template <typename F>
bool survives(F&& body) {
  return inChild([&] { return body() ? 0 : 1; }) == 0;
}

}  // namespace holdfast::test
