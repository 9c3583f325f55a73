#pragma once

#include <vector>

#include <holdfast/sizing.hpp>

namespace holdfast {

/// What the figures say about the sizes. A larger pool where one acquire in a hundred or more waited for a reader while
/// all handles were open; a smaller one where there were never as many open and nobody waited. More memory where
/// operations were refused for it, or found it only alone; less where three quarters were never used. Nothing before
/// there have been three rounds with something to do.
std::vector<SizingAdvice> adviseSizes(const SizingFigures& figures);

/// The figures of some rounds, from running totals.
class SizingWindow {
 public:
  /// Totals since open() at the end of a round, and what is now.
  void addRound(const SizingFigures& totals, std::size_t leased, std::size_t open) noexcept;
  /// What has happened since the window began; `now`: totals and present sizes.
  SizingFigures figures(const SizingFigures& now) const noexcept;

 private:
  static constexpr std::size_t kRounds = 6;
  struct Span {
    SizingFigures begin;
    std::size_t rounds = 0;
    std::size_t leased = 0;  ///< Summed.
    std::size_t mostHandles = 0;
    std::int64_t peakBytes = 0;
  };
  SizingFigures last_;  ///< Totals at the end of the last round.
  Span before_;
  Span current_;
};

}  // namespace holdfast
