#include <holdfast/testing/fault_report.hpp>

#include <cstdio>
#include <numeric>

namespace holdfast::testing {
namespace {

constexpr std::size_t kKept = 50;

std::string oneDecimal(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

}  // namespace

std::string_view toText(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::Lost: return "lost";
    case Verdict::Phantom: return "phantom";
    case Verdict::Resurrected: return "resurrected";
    case Verdict::Torn: return "torn";
    case Verdict::Corrupt: return "corrupt";
    case Verdict::NotHealed: return "notHealed";
    case Verdict::Leaked: return "leaked";
    case Verdict::Failed: break;
  }
  return "failed";
}

bool FaultReport::ok() const noexcept { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}) == 0; }

void FaultReport::add(Verdict verdict, const std::string& point, std::string what) {
  ++counts[static_cast<std::size_t>(verdict)];
  if (findings.size() < kKept) findings.push_back({verdict, point, std::move(what)});
}

std::string FaultReport::text() const {
  if (skipped) return "nothing was tried: the point to replay is none of these";
  std::string text = std::to_string(points) + " points in " + std::to_string(runs) + " runs, " +
                     std::to_string(acknowledged) + " acknowledged, " + oneDecimal(seconds) + " s:";
  for (std::size_t i = 0; i < kVerdicts; ++i) {
    if (counts[i] > 0) text += " " + std::to_string(counts[i]) + " " + std::string(toText(static_cast<Verdict>(i)));
  }
  if (ok()) text += " nothing wrong";
  if (secondCuts > 0) text += "; " + std::to_string(secondCuts) + " cut again in the restart";
  if (lostSuffix > 0) text += "; " + std::to_string(lostSuffix) + " lost their end, as they may";
  if (faults > 0) text += "; " + std::to_string(faults) + " calls failed";
  for (const std::string& line : trace) text += "\n    " + line;
  for (const Finding& finding : findings) {
    text += "\n  " + std::string(toText(finding.verdict)) + " at " + finding.point + ": " + finding.what;
  }
  return text;
}

}  // namespace holdfast::testing
