#pragma once

#include <cstdio>
#include <string>
#include <vector>

namespace bench {

/// A table of text, its columns as wide as they need to be. The first column is set left, the others right.
class Table {
 public:
  explicit Table(std::vector<std::string> headings);

  /// Missing cells at the end stay empty.
  void addRow(std::vector<std::string> cells);
  void print(std::FILE* out) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace bench
