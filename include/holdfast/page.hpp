#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/query_options.hpp>

namespace holdfast {

/// Which page of a list BaseRepository::page() reads.
template <typename Entity>
struct PageOptions {
  /// The `next` of the page before, or a tokenAfter(); nothing: the first page. The other options must be the same as
  /// then.
  std::optional<std::string> after = {};
  /// The most entities on it; at least 1.
  std::size_t size = 100;
  Where<Entity> where = {};
  /// Entities with the same value are in the order of their keys. Nothing: by key.
  std::optional<Ordering<Entity>> orderBy = {};
  std::vector<Include<Entity>> include = {};
  Transaction* transaction = nullptr;
  std::optional<std::chrono::milliseconds> timeout = {};
};

/// A piece of a list.
template <typename Entity>
struct Page {
  std::vector<Entity> items;
  /// For the page after it: ASCII text, not encrypted, with the ordering column's value and the key of the last
  /// item. Nothing: this was the last page.
  std::optional<std::string> next;
};

}  // namespace holdfast
