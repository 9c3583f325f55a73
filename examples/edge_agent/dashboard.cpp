#include "dashboard.hpp"

#include <chrono>
#include <exception>

#include "ticker.hpp"

namespace edge_agent {

void Dashboard::run(const std::stop_token& stop) {
  Ticker ticker(config_.interval);
  for (std::size_t turn = 0; ticker.wait(stop) && !faults_.fatal(); turn = (turn + 1) % kNames.size()) {
    try {
      const auto start = std::chrono::steady_clock::now();
      const std::size_t rows = ask(static_cast<Kind>(turn));
      const auto took = std::chrono::steady_clock::now() - start;
      latency_.record(took);
      latencies_[turn].record(took);
      rows_[turn].fetch_add(rows, std::memory_order_relaxed);
    } catch (const std::exception& error) {
      faults_.note("queries", error);
    }
  }
}

std::size_t Dashboard::ask(Kind kind) {
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const holdfast::Timestamp since = now - config_.window;
  switch (kind) {
    case Kind::Overview: {
      const Queries::Overview overview = queries_.overview();
      return overview.latest.size() + overview.openAlarms.size();
    }
    case Kind::Window: return queries_.window(sources_[nextSource_++ % sources_.size()], since).size();
    case Kind::Busiest: return queries_.busiest(since, config_.top).size();
    case Kind::Chart: return queries_.chart(Source::Cpu, "all.busy", since).size();
  }
  return 0;
}

std::vector<QueryFigures> Dashboard::figures() const {
  std::vector<QueryFigures> figures;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    figures.push_back({kNames[i], latencies_[i].summary(), rows_[i].load(std::memory_order_relaxed)});
  }
  return figures;
}

}  // namespace edge_agent
