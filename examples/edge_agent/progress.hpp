#pragma once

#include <chrono>
#include <cstdint>

#include "figures.hpp"

namespace edge_agent {

/// What is seen of the agent while it runs: on a terminal one line that is written over, elsewhere a plain line every
/// five seconds.
class Progress {
 public:
  enum class Style : std::uint8_t { Quiet, Lines, Terminal };

  explicit Progress(Style style) : style_(style) {}

  /// Whether it is time for update(): figures are not collected for nothing.
  bool isDue() const;
  void update(const Figures& figures);
  /// Leaves the terminal's line.
  void finish();

 private:
  Style style_;
  std::chrono::steady_clock::time_point shown_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::duration elapsedBefore_{};
  std::uint64_t readingsBefore_ = 0;
  std::uint64_t queriesBefore_ = 0;
};

}  // namespace edge_agent
