#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string_view>
#include <utility>
#include <vector>

#include "config.hpp"
#include "faults.hpp"
#include "figures.hpp"
#include "latency.hpp"
#include "queries.hpp"

namespace edge_agent {

/// Stands for the people who look at the readings: asks what a dashboard asks, in turn, while the samplers write, and
/// records how long the answers took. One thread runs it; the figures may be read by others.
class Dashboard {
 public:
  Dashboard(const QueryConfig& config, std::vector<Source> sources, Queries& queries, Faults& faults)
      : config_(config), sources_(std::move(sources)), queries_(queries), faults_(faults) {}

  void run(const std::stop_token& stop);
  std::vector<QueryFigures> figures() const;
  /// Over all kinds of queries.
  holdfast::LatencySummary latency() const { return latency_.summary(); }

 private:
  enum class Kind : std::uint8_t { Overview, Window, Busiest, Chart };
  static constexpr std::array<std::string_view, 4> kNames{"latest values and open alarms", "window of one source",
                                                          "busiest series", "chart of one series"};
  std::size_t ask(Kind kind);

  QueryConfig config_;
  std::vector<Source> sources_;
  Queries& queries_;
  Faults& faults_;
  std::size_t nextSource_ = 0;
  LatencyRecorder latency_;
  std::array<LatencyRecorder, kNames.size()> latencies_;
  std::array<std::atomic<std::uint64_t>, kNames.size()> rows_{};
};

}  // namespace edge_agent
