#include "policy/nearest_name.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "core/characters.hpp"

namespace holdfast {
namespace {

constexpr std::size_t kLongestName = 64;  // Longer ones are no slips of the pen, and comparing is quadratic.

/// Levenshtein distance, ignoring case; `_` and `-` weigh nothing, so that busy_timeout is close to busyTimeout.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (const char c : a) {
    const std::size_t removal = c == '_' || c == '-' ? 0 : 1;
    std::size_t diagonal = row[0];
    row[0] += removal;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(c) == lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j + 1] + removal, row[j] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string_view nearestName(std::string_view wrong, std::span<const std::string_view> names) {
  if (wrong.size() > kLongestName) return {};
  std::string_view nearest;
  std::size_t limit = std::max<std::size_t>(2, (wrong.size() + 2) / 3) + 1;
  for (const std::string_view name : names) {
    const std::size_t d = distance(wrong, name);
    // A name that shares nothing with a very short key is at a small distance, too.
    if (d < limit && d < name.size() && d < wrong.size()) {
      nearest = name;
      limit = d;
    }
  }
  return nearest;
}

}  // namespace holdfast
