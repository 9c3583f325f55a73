#include "storage/checkpoint_policy.hpp"

#include "connection/connection_impl.hpp"

namespace holdfast {

CheckpointReport checkpointFully(Connection& writer, SteadyTime until) {
  CheckpointReport report = writer.impl().checkpoint(CheckpointMode::Passive, until);
  if (report.complete) report.truncated = writer.impl().checkpoint(CheckpointMode::Truncate, until).truncated;
  return report;
}

CheckpointReport CheckpointPolicy::run(Connection& writer, SteadyTime until) {
  const bool large = writer.impl().walPages.load(std::memory_order_relaxed) >= 4 * startPages_;
  const CheckpointReport report =
      large ? checkpointFully(writer, until) : writer.impl().checkpoint(CheckpointMode::Passive, until);
  nextAt_ = report.walPages + startPages_;
  return report;
}

}  // namespace holdfast
