#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include <holdfast/value.hpp>

namespace holdfast::detail {

/// The name of a cached result: "reading:7" for the row with that key, "reading:findMany:<text>:<values>" for a query.
/// Numbers stand as such, texts begin with an apostrophe, blobs are hexadecimal; different values make different names.
class CacheKey {
 public:
  CacheKey(std::string_view table, std::span<const ValueView> key) {
    add(table);
    for (const ValueView& value : key) put(value);
  }
  CacheKey(std::string_view table, std::string_view operation, std::string_view text,
           std::span<const ValueView> values);
  std::string_view text() const noexcept {
    return long_.empty() ? std::string_view(short_.data(), size_) : std::string_view(long_);
  }

 private:
  void add(std::string_view text) {
    if (!long_.empty() || size_ + text.size() > short_.size()) return addToLong(text);
    std::memcpy(short_.data() + size_, text.data(), text.size());
    size_ += text.size();
  }
  void addToLong(std::string_view text);
  void put(const ValueView& value);

  std::size_t size_ = 0;
  std::array<char, 88> short_;  // Room for most keys, so that a hit allocates nothing.
  std::string long_;
};

}  // namespace holdfast::detail
