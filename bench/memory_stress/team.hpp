#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "memory_stress/worker.hpp"

namespace bench {

/// One operation, done over and over by one thread.
using Step = std::function<void()>;

/// Some threads that do the same. `make` is called on each of them, with its number, before the clock starts.
struct Role {
  std::size_t threads = 1;
  std::function<Step(Worker& worker, std::size_t number)> make;
};

/// Is told when all threads of a team work, when they are about to be stopped, and when all have ended.
class TeamObserver {
 public:
  virtual void started(std::span<const std::unique_ptr<Worker>> workers) = 0;
  virtual void stopping() = 0;
  virtual void stopped() = 0;

 protected:
  ~TeamObserver() = default;
};

struct TeamResult {
  double seconds = 0;  ///< From the start until the last thread ended.
  Tally tally;
};

/// Runs the roles at the same time for `duration`, or until the user interrupts. An exception out of `make` ends that
/// thread and is in the tally as unexpected.
TeamResult runTeam(const std::vector<Role>& roles, std::chrono::milliseconds duration,
                   TeamObserver* observer = nullptr);

}  // namespace bench
