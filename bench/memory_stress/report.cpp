#include "memory_stress/report.hpp"

#include <cstdio>

#include "support/table.hpp"

namespace bench {

namespace {

void print(const Grid& grid) {
  if (grid.rows.empty()) return;
  Table table(grid.headings);
  for (const auto& row : grid.rows) table.addRow(row);
  table.print(stdout);
  std::printf("\n");
}

}  // namespace

void printReport(const Run& run, const std::vector<Verdict>& verdicts) {
  for (const std::string& line : headLines(run)) std::printf("%s\n", line.c_str());
  std::printf("\n");
  print(scenarioGrid(run));
  print(comparisonGrid(run));
  if (run.smallest) print(smallestGrid(*run.smallest));
  for (const Verdict& verdict : verdicts) {
    std::printf("%-6s %s: %s\n", verdict.held ? "held" : "BROKEN", verdict.name.c_str(), verdict.detail.c_str());
  }
}

}  // namespace bench
