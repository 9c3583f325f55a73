#pragma once

#include <chrono>

#include <holdfast/connection.hpp>
#include <holdfast/report.hpp>

#include "core/steady_clock.hpp"

namespace holdfast {

/// Decides when the write handle moves the write-ahead log into the database. Runs in the write lane, between
/// transactions: no checkpoint overlaps a write of this process, nor the copying one of another.
///
/// From `startPages` it copies what no reader stands in the way of; the next write then starts the log anew, unless a
/// reader still uses it. While it grows on, it is tried again only after another `startPages` (a checkpoint at each
/// commit made commits 87 times slower). From four times `startPages` it also tries to cut the log.
/// So long a checkpoint that nobody has asked for waits for a transaction of another process.
inline constexpr std::chrono::milliseconds kCopyPatience{100};

class CheckpointPolicy {
 public:
  explicit CheckpointPolicy(int startPages) noexcept : startPages_(startPages), nextAt_(startPages) {}

  /// `walPages`: the length of the log after the last commit.
  bool due(int walPages) noexcept {
    if (walPages < lastSeen_) nextAt_ = startPages_;  // The log has started anew.
    lastSeen_ = walPages;
    return walPages >= nextAt_;
  }
  /// Checkpoints the write handle, which must not be in a transaction. Waits for other processes until then. Throws Error.
  CheckpointReport run(Connection& writer, SteadyTime until);

 private:
  int startPages_;
  int nextAt_;
  int lastSeen_ = 0;
};

/// Everything into the database and the log cut to nothing, as far as readers and, until then, writers of other processes
/// allow. Throws Error.
CheckpointReport checkpointFully(Connection& writer, SteadyTime until);

}  // namespace holdfast
