#include "support/table.hpp"

#include <algorithm>
#include <utility>

namespace bench {

Table::Table(std::vector<std::string> headings) { rows_.push_back(std::move(headings)); }

void Table::addRow(std::vector<std::string> cells) {
  cells.resize(rows_.front().size());
  rows_.push_back(std::move(cells));
}

void Table::print(std::FILE* out) const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (std::size_t line = 0; line < rows_.size(); ++line) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const int width = static_cast<int>(widths[i]);
      std::fprintf(out, i == 0 ? "  %-*s" : "  %*s", width, rows_[line][i].c_str());
    }
    std::fputc('\n', out);
    if (line > 0) continue;
    for (std::size_t width : widths) std::fprintf(out, "  %s", std::string(width, '-').c_str());
    std::fputc('\n', out);
  }
}

}  // namespace bench
