#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <holdfast/connection_manager.hpp>
#include <holdfast/report.hpp>

#include "acknowledge_file.hpp"
#include "config.hpp"
#include "dashboard.hpp"
#include "faults.hpp"
#include "figures.hpp"
#include "queries.hpp"
#include "recorder.hpp"
#include "retention.hpp"
#include "store.hpp"

namespace edge_agent {

/// The database and the threads at work on it: a recorder for each source, the retention, the dashboard.
class Agent {
 public:
  struct Start {
    holdfast::OpenReport opened;
    RunStart run;
  };

  /// `acknowledgePath`: empty, or the file for AcknowledgeFile.
  Agent(AgentConfig config, const std::string& acknowledgePath);
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;
  /// Stops the threads. A run that stop() did not end stays marked as unclean.
  ~Agent();

  /// Opens the database, begins the run and starts the threads. Throws holdfast::Error.
  Start start();
  /// Whether a fault makes going on pointless; stop() is what is left then.
  bool failed() const noexcept { return faults_.fatal(); }
  /// Now, for the progress line.
  Figures figures() const;
  /// Ends the threads after the transaction that they are in, marks the run clean unless it failed, closes the database
  /// and gives the last figures, which say whether that went well.
  Figures stop();

 private:
  void restoreAlarms();
  void endRun(Figures& last);
  void startThreads();
  void joinThreads();

  AgentConfig config_;
  holdfast::ConnectionManager& db_;
  Store store_;
  Queries queries_;
  Faults faults_;
  std::unique_ptr<AcknowledgeFile> acknowledge_;
  std::vector<std::unique_ptr<Recorder>> recorders_;
  Retention retention_;
  Dashboard dashboard_;
  std::string database_;
  std::int64_t run_ = 0;
  holdfast::Timestamp startedAt_{};
  std::chrono::steady_clock::time_point startedSteady_{};
  std::vector<std::jthread> threads_;  // Last: they use everything above.
};

}  // namespace edge_agent
