#include "policy/pool_sizing.hpp"

#include <algorithm>
#include <utility>

#include <holdfast/units.hpp>

namespace holdfast {
namespace {

constexpr std::size_t kLeastRounds = 3;
constexpr std::uint64_t kLeastAcquires = 100;
constexpr std::size_t kMostAdvised = 60;
constexpr std::int64_t kLeastLimit = 256 * KiB;

std::string text(std::uint64_t number) { return std::to_string(number); }

void adviseHandles(const SizingFigures& f, std::vector<SizingAdvice>& advice) {
  const auto present = static_cast<std::int64_t>(f.poolSize);
  if (f.readWaits * 100 >= f.acquires && f.mostHandles == f.poolSize && f.poolSize < kMostAdvised) {
    const std::size_t more = std::min(f.poolSize + std::max<std::size_t>(f.poolSize / 2, 1), kMostAdvised);
    advice.push_back({SizingKnob::PoolSize, present, static_cast<std::int64_t>(more),
                      text(f.readWaits) + " of " + text(f.acquires) + " acquires waited for a reader while all " +
                          text(f.poolSize) + " handles were open"});
  } else if (f.readWaits == 0 && f.mostHandles > 0 && f.mostHandles < f.poolSize) {
    advice.push_back({SizingKnob::PoolSize, present, static_cast<std::int64_t>(f.mostHandles),
                      "nobody waited, and never more than " + text(f.mostHandles) + " handles were open"});
  }
}

void adviseMemory(const SizingFigures& f, std::vector<SizingAdvice>& advice) {
  if (f.memoryLimit == 0) return;
  if (f.refusals + f.runsAlone > 0) {
    advice.push_back({SizingKnob::MemoryLimit, f.memoryLimit, f.memoryLimit / 2 * 3,
                      text(f.refusals) + " operations were refused for memory and " + text(f.runsAlone) +
                          " found it only with the pool to themselves"});
  } else if (f.peakBytes < f.memoryLimit / 4 && f.memoryLimit > kLeastLimit) {
    advice.push_back({SizingKnob::MemoryLimit, f.memoryLimit, std::max(2 * f.peakBytes, kLeastLimit),
                      "no more than " + std::to_string(f.peakBytes / KiB) + " KiB were in use at the end of a round"});
  }
}

}  // namespace

std::string_view toText(SizingKnob knob) noexcept {
  return knob == SizingKnob::PoolSize ? "poolSize" : knob == SizingKnob::MemoryLimit ? "memoryLimit" : "unknown";
}

std::vector<SizingAdvice> adviseSizes(const SizingFigures& figures) {
  std::vector<SizingAdvice> advice;
  if (figures.rounds < kLeastRounds || figures.acquires < kLeastAcquires) return advice;
  adviseHandles(figures, advice);
  adviseMemory(figures, advice);
  return advice;
}

void SizingWindow::addRound(const SizingFigures& totals, std::size_t leased, std::size_t open) noexcept {
  if (current_.rounds == kRounds) {
    before_ = std::exchange(current_, {});
    current_.begin = last_;
  }
  last_ = totals;
  ++current_.rounds;
  current_.leased += leased;
  current_.mostHandles = std::max(current_.mostHandles, open);
  current_.peakBytes = std::max(current_.peakBytes, totals.peakBytes);
}

SizingFigures SizingWindow::figures(const SizingFigures& now) const noexcept {
  const SizingFigures& begin = before_.rounds > 0 ? before_.begin : current_.begin;
  SizingFigures result = now;
  result.rounds = before_.rounds + current_.rounds;
  result.acquires -= begin.acquires;
  result.readWaits -= begin.readWaits;
  result.acquireTimeouts -= begin.acquireTimeouts;
  result.refusals -= begin.refusals;
  result.runsAlone -= begin.runsAlone;
  result.mostHandles = std::max(before_.mostHandles, current_.mostHandles);
  result.peakBytes = std::max({before_.peakBytes, current_.peakBytes, now.peakBytes});
  const std::size_t places = result.rounds * now.poolSize;
  if (places > 0) {
    result.utilisation = 100.0 * static_cast<double>(before_.leased + current_.leased) / static_cast<double>(places);
  }
  return result;
}

}  // namespace holdfast
