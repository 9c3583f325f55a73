#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/sql.hpp>

namespace holdfast {

/// The texts of a table's updates by key, one for each choice of columns, so that an update that is repeated is not put
/// together and hashed again. Any thread; nobody waits: entries are never changed and never go before the object does.
class UpdateTexts {
 public:
  UpdateTexts() noexcept = default;
  UpdateTexts(const UpdateTexts&) = delete;
  UpdateTexts& operator=(const UpdateTexts&) = delete;
  ~UpdateTexts();

  /// Null where there is none.
  const Sql* find(std::span<const std::string_view> columns) const noexcept;
  /// Keeps it. Null where kMost are kept already.
  const Sql* add(std::span<const std::string_view> columns, const Sql& sql);

 private:
  /// Programs have a few; one that makes up new ones all the time must not grow.
  static constexpr std::size_t kMost = 32;

  struct Entry {
    std::vector<std::string> columns;
    Sql sql;
    Entry* next = nullptr;
  };
  std::atomic<Entry*> first_{nullptr};
  std::atomic<std::size_t> count_{0};
};

}  // namespace holdfast
