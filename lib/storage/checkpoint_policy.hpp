#pragma once

#include <cstdint>

#include <holdfast/connection.hpp>
#include <holdfast/report.hpp>

namespace holdfast {

/// Decides when the write handle moves the write-ahead log into the database. Runs in the write lane, between
/// transactions: in one process no checkpoint ever overlaps a write.
///
/// From `startPages` it copies what no reader stands in the way of; the next write then starts the log anew, unless a
/// reader still uses it. While it grows on, it is tried again only after another `startPages` (a checkpoint at each
/// commit made commits 87 times slower). From four times `startPages` it also tries to cut the log.
class CheckpointPolicy {
 public:
  explicit CheckpointPolicy(int startPages) noexcept : startPages_(startPages), nextAt_(startPages) {}

  /// `walPages`: the length of the log after the last commit.
  bool due(int walPages) noexcept {
    if (walPages < lastSeen_) nextAt_ = startPages_;  // The log has started anew.
    lastSeen_ = walPages;
    return walPages >= nextAt_;
  }
  /// Checkpoints the write handle, which must not be in a transaction. Throws Error.
  CheckpointReport run(Connection& writer);

 private:
  int startPages_;
  int nextAt_;
  int lastSeen_ = 0;
};

/// Everything into the database and the log cut to nothing, as far as readers allow. Throws Error.
CheckpointReport checkpointFully(Connection& writer);

}  // namespace holdfast
