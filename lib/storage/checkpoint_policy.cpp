#include "storage/checkpoint_policy.hpp"

#include "connection/connection_impl.hpp"

namespace holdfast {

CheckpointReport checkpointFully(Connection& writer) {
  CheckpointReport report = writer.impl().checkpoint(CheckpointMode::Passive);
  if (report.complete) report.truncated = writer.impl().checkpoint(CheckpointMode::Truncate).truncated;
  return report;
}

CheckpointReport CheckpointPolicy::run(Connection& writer) {
  const bool large = writer.impl().walPages.load(std::memory_order_relaxed) >= 4 * startPages_;
  const CheckpointReport report = large ? checkpointFully(writer) : writer.impl().checkpoint(CheckpointMode::Passive);
  nextAt_ = report.walPages + startPages_;
  return report;
}

}  // namespace holdfast
