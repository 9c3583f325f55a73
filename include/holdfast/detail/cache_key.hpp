#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include <holdfast/value.hpp>

namespace holdfast::detail {

/// What a cached result is found by: the operation, the text of its statement where it is a query, and the values, as
/// bytes. Different values make different keys.
class CacheKey {
 public:
  explicit CacheKey(std::span<const ValueView> key) { put(key); }
  CacheKey(std::string_view operation, std::string_view text, std::span<const ValueView> values);
  std::string_view bytes() const noexcept {
    return long_.empty() ? std::string_view(short_.data(), size_) : std::string_view(long_);
  }
  /// For people and patterns: "reading:7", "reading:'boiler'", "reading:findMany:SELECT ...:7".
  static std::string nameOf(std::string_view table, std::string_view bytes);

 private:
  void put(std::span<const ValueView> values) {
    for (const ValueView& value : values) {
      if (value.type() == ValueType::Integer) {
        const std::int64_t number = value.integer();
        add('i', &number, sizeof number);
      } else {
        putOther(value);
      }
    }
  }
  void putOther(const ValueView& value);
  void add(char kind, const void* bytes, std::size_t count) {
    if (!long_.empty() || size_ + 1 + count > short_.size()) return addToLong(kind, bytes, count);
    short_[size_] = kind;
    if (count > 0) std::memcpy(short_.data() + size_ + 1, bytes, count);
    size_ += 1 + count;
  }
  void addToLong(char kind, const void* bytes, std::size_t count);

  std::size_t size_ = 0;
  std::array<char, 80> short_;  // Room for most keys, so that a hit allocates nothing.
  std::string long_;
};

}  // namespace holdfast::detail
