#include "repository/update_texts.hpp"

#include <algorithm>
#include <memory>

namespace holdfast {

UpdateTexts::~UpdateTexts() {
  for (Entry* entry = first_.load(std::memory_order_acquire); entry != nullptr;) {
    const std::unique_ptr<Entry> gone(entry);
    entry = gone->next;
  }
}

const Sql* UpdateTexts::find(std::span<const std::string_view> columns) const noexcept {
  for (const Entry* entry = first_.load(std::memory_order_acquire); entry != nullptr; entry = entry->next) {
    if (std::equal(columns.begin(), columns.end(), entry->columns.begin(), entry->columns.end())) return &entry->sql;
  }
  return nullptr;
}

const Sql* UpdateTexts::add(std::span<const std::string_view> columns, const Sql& sql) {
  if (count_.load(std::memory_order_relaxed) >= kMost) return nullptr;
  auto entry = std::make_unique<Entry>(Entry{{columns.begin(), columns.end()}, sql, nullptr});
  if (count_.fetch_add(1, std::memory_order_relaxed) >= kMost) {
    count_.fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
  }
  entry->next = first_.load(std::memory_order_relaxed);
  while (
      !first_.compare_exchange_weak(entry->next, entry.get(), std::memory_order_release, std::memory_order_relaxed)) {
  }
  return &entry.release()->sql;
}

}  // namespace holdfast
