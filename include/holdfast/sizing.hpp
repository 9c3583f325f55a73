#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/json_fwd.hpp>

namespace holdfast {

/// What a pool's sizes are judged by: the last six to twelve rounds of housekeeping, or as many as there were.
struct SizingFigures {
  std::size_t rounds = 0;
  std::uint64_t acquires = 0;
  std::uint64_t readWaits =
      0;  ///< Of these, waits for a read handle. (More handles do not help writers: there is one.)
  std::uint64_t acquireTimeouts = 0;
  double utilisation = 0;        ///< Leased handles of poolSize at the end of a round, on average, in percent.
  std::size_t mostHandles = 0;   ///< Open at the end of a round.
  std::size_t idleHandles = 0;   ///< Now: open and not leased.
  std::uint64_t refusals = 0;    ///< Operations refused for memory.
  std::uint64_t runsAlone = 0;   ///< Operations that found memory only with the pool to themselves.
  std::int64_t peakBytes = 0;    ///< SQLite's heap and repository caches at the end of a round, at most.
  std::size_t poolSize = 0;      ///< As configured.
  std::size_t targetSize = 0;    ///< So many handles the pool opens at present: poolSize without dynamicSizing.
  std::int64_t memoryLimit = 0;  ///< Of the process. 0: none.
};

/// A knob that may be set otherwise.
enum class SizingKnob : std::uint8_t { PoolSize, MemoryLimit };

std::string_view toText(SizingKnob knob) noexcept;

struct SizingAdvice {
  SizingKnob knob{};
  std::int64_t present = 0;  ///< Handles, or bytes for SizingKnob::MemoryLimit.
  std::int64_t suggested = 0;
  /// One line with the figures that it rests on.
  std::string reason;
};

/// What the pool would set otherwise. Advice only: poolSize and memoryLimit stay as configured, and with dynamicSizing
/// the pool moves between minPoolSize and poolSize by itself.
struct SizingReport {
  SizingFigures figures;
  std::vector<SizingAdvice> advice;
};

Json toJson(const SizingReport& report);

}  // namespace holdfast
