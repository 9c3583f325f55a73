#pragma once

#include <cstddef>
#include <string_view>

#include <holdfast/sql.hpp>

namespace holdfast::detail {

/// Text that the compiler puts together. `Write` is a type whose `write(sink)` calls sink.put(text) for its pieces:
/// once for the length, once for the characters.
template <typename Write>
class StaticText {
  struct Counter {
    std::size_t size = 0;
    constexpr void put(std::string_view text) noexcept { size += text.size(); }
    constexpr void put(char) noexcept { ++size; }
  };
  static constexpr std::size_t kSize = [] {
    Counter counter;
    Write::write(counter);
    return counter.size;
  }();
  struct Characters {
    char data[kSize + 1] = {};
    std::size_t size = 0;
    constexpr void put(std::string_view text) noexcept {
      for (const char c : text) data[size++] = c;
    }
    constexpr void put(char c) noexcept { data[size++] = c; }
  };
  static constexpr Characters kCharacters = [] {
    Characters characters;
    Write::write(characters);
    return characters;
  }();

 public:
  static constexpr std::string_view text() noexcept { return {kCharacters.data, kSize}; }
  /// A statement that costs what a literal does.
  static const Sql& sql() noexcept { return kSql; }

 private:
  static constexpr Sql kSql = Sql(kCharacters.data);
};

/// A name as SQL text: quoted, with quotes in it doubled.
template <typename Sink>
constexpr void putIdentifier(Sink& sink, std::string_view name) {
  sink.put('"');
  for (const char c : name) {
    if (c == '"') sink.put('"');
    sink.put(c);
  }
  sink.put('"');
}

}  // namespace holdfast::detail
