#pragma once

#include <functional>
#include <string>
#include <utility>

#include <holdfast/clock.hpp>
#include <holdfast/connection_config.hpp>
#include <holdfast/metrics.hpp>
#include <holdfast/report.hpp>

#include "storage/commit_note.hpp"
#include "storage/scrub.hpp"

namespace holdfast {

/// Looks after what the database holds while nobody asks for it: reads it round after round, and takes its commits down
/// beside it. By the holder of the write handle, but for what the metrics ask.
class ContentCare {
 public:
  /// Told of a page that is bad, on the thread that found it, under no lock. Must not throw.
  using Listener = std::function<void(const Scrub::Finding& finding)>;
  void listen(Listener listener) { listener_ = std::move(listener); }

  /// Before the pool is open. Puts what it has found into the report. Throws Error.
  void start(const std::string& path, const ConnectionConfig& config, OpenReport& report, Connection& writer,
             Clock::TimePoint now);
  /// A round of housekeeping. Throws Error.
  void review(Connection& writer, Clock::TimePoint now);
  /// The pool closes, and will copy the log afterwards.
  void stop(Connection& writer) noexcept { note_.stop(writer); }
  void addTo(PoolMetrics& metrics) const noexcept;

 private:
  Listener listener_;
  Scrub scrub_;
  CommitNote note_;
};

}  // namespace holdfast
