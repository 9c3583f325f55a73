#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace holdfast {

/// The text of one SQL statement.
///
/// Only a string literal converts implicitly, so text put together at run time, the road of SQL injection, stands
/// out as `Sql::unchecked(text)`. Values never belong into the text: bind them. A literal costs nothing at run
/// time (its hash is computed by the compiler); unchecked text is copied, so an Sql never dangles.
class Sql {
 public:
  template <std::size_t N>
  consteval Sql(const char (&literal)[N]) : text_(literal), size_(N - 1), hash_(hashOf(literal, N - 1)) {}

  /// Text known only at run time. Throws Error{InvalidSql} where it contains a NUL.
  static Sql unchecked(std::string_view text);

  constexpr Sql(const Sql& other) : Sql(other.text_, other.size_, other.hash_, other.owned_ != nullptr) {}
  constexpr Sql(Sql&& other) noexcept
      : text_(other.text_), size_(other.size_), hash_(other.hash_), owned_(other.owned_) {
    other.owned_ = nullptr;
    other.text_ = "";
    other.size_ = 0;
  }
  constexpr Sql& operator=(Sql other) noexcept {
    std::swap(text_, other.text_);
    std::swap(size_, other.size_);
    std::swap(hash_, other.hash_);
    std::swap(owned_, other.owned_);
    return *this;
  }
  constexpr ~Sql() { delete[] owned_; }

  constexpr std::string_view text() const noexcept { return {text_, size_}; }
  /// Zero-terminated.
  constexpr const char* data() const noexcept { return text_; }
  constexpr std::uint64_t hash() const noexcept { return hash_; }
  /// Whether the text lives as long as the program.
  constexpr bool isLiteral() const noexcept { return owned_ == nullptr; }

 private:
  constexpr Sql(const char* text, std::size_t size, std::uint64_t hash, bool copy)
      : text_(text), size_(size), hash_(hash) {
    if (!copy) return;
    owned_ = new char[size + 1];
    for (std::size_t i = 0; i < size; ++i) owned_[i] = text[i];
    owned_[size] = '\0';
    text_ = owned_;
  }

  /// FNV-1a, 64 bits (Fowler, Noll, Vo): short, good enough for a few hundred keys, computable by the compiler.
  static constexpr std::uint64_t hashOf(const char* text, std::size_t size) {
    std::uint64_t hash = 14695981039346656037ULL;
    for (std::size_t i = 0; i < size; ++i) {
      hash = (hash ^ static_cast<unsigned char>(text[i])) * 1099511628211ULL;
    }
    return hash;
  }

  const char* text_;
  std::size_t size_;
  std::uint64_t hash_;
  char* owned_ = nullptr;
};

}  // namespace holdfast
