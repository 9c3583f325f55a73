#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <holdfast/json_fwd.hpp>

#include <holdfast/clock.hpp>
#include <holdfast/uuid.hpp>
#include <holdfast/value.hpp>

namespace holdfast {

/// What a STRICT table calls a column.
enum class ColumnKind : std::uint8_t { Integer, Real, Text, Bytes, Any };

std::string_view toText(ColumnKind kind) noexcept;

/// How a C++ type is kept in a column. There are ones for integers, bool, floating-point numbers, std::string,
/// std::vector and std::array of std::byte or std::uint8_t, enums, Timestamp, durations of whole numbers (as their
/// count), Uuid, Json, Value and std::optional of these. A program gives its own types one by specialising
/// it:
///
///   template <>
///   struct holdfast::ColumnType<Celsius> {
///     using Buffer = holdfast::NoBuffer;                     // What bind() may need until the statement has run.
///     static constexpr holdfast::ColumnKind kind = holdfast::ColumnKind::Real;
///     static constexpr bool nullable = false;
///     static holdfast::ValueView bind(const Celsius& value, Buffer&) { return value.degrees; }
///     static void read(const holdfast::ValueView& stored, std::string_view column, Celsius& value) {
///       value.degrees = holdfast::detail::decode<double>(stored, column);
///     }
///   };
///
/// read() throws Error{TypeMismatch} naming the column where the stored value does not fit.
template <typename T>
struct ColumnType;

struct NoBuffer {};

/// Specialise it for an enum that is kept as text; without it an enum is kept as its number.
///
///   template <>
///   struct holdfast::EnumNames<Mode> {
///     static constexpr std::array values{std::pair{Mode::Idle, "idle"}, std::pair{Mode::Busy, "busy"}};
///   };
template <typename E>
struct EnumNames;

/// Whether a type can be kept in a column.
template <typename T>
concept Storable = requires(const T& value, T& target, typename ColumnType<T>::Buffer& buffer, const ValueView& stored,
                            std::string_view column) {
  { ColumnType<T>::kind } -> std::convertible_to<ColumnKind>;
  { ColumnType<T>::nullable } -> std::convertible_to<bool>;
  { ColumnType<T>::bind(value, buffer) } -> std::same_as<ValueView>;
  ColumnType<T>::read(stored, column, target);
};

namespace detail {

template <typename B>
concept Byte = std::same_as<B, std::byte> || std::same_as<B, std::uint8_t>;
template <typename T>
concept Duration = requires { typename T::period; } && std::integral<typename T::rep> &&
                   std::same_as<T, std::chrono::duration<typename T::rep, typename T::period>>;
template <typename E>
concept NamedEnum = std::is_enum_v<E> && requires { EnumNames<E>::values; };

[[noreturn]] void throwUnknownName(std::string_view column);
[[noreturn]] void throwUnnamedEnumerator();
[[noreturn]] void throwWrongSize(std::size_t wanted, std::size_t held, std::string_view column);

/// What binds as itself and reads by decode().
template <typename T, ColumnKind K>
struct PlainColumn {
  using Buffer = NoBuffer;
  static constexpr ColumnKind kind = K;
  static constexpr bool nullable = false;
  static ValueView bind(const T& value, Buffer& /*buffer*/) { return ValueView(value); }
  static void read(const ValueView& stored, std::string_view column, T& value) { value = decode<T>(stored, column); }
};

}  // namespace detail

template <std::integral T>
struct ColumnType<T> : detail::PlainColumn<T, ColumnKind::Integer> {};
template <std::floating_point T>
struct ColumnType<T> : detail::PlainColumn<T, ColumnKind::Real> {};
template <>
struct ColumnType<Timestamp> : detail::PlainColumn<Timestamp, ColumnKind::Integer> {};
template <>
struct ColumnType<Value> : detail::PlainColumn<Value, ColumnKind::Any> {
  static constexpr bool nullable = true;
};

template <>
struct ColumnType<std::string> : detail::PlainColumn<std::string, ColumnKind::Text> {
  static void read(const ValueView& stored, std::string_view column, std::string& value) {
    value.assign(detail::decode<std::string_view>(stored, column));  // Into the memory that is there.
  }
};

template <detail::Byte B>
struct ColumnType<std::vector<B>> {
  using Buffer = NoBuffer;
  static constexpr ColumnKind kind = ColumnKind::Bytes;
  static constexpr bool nullable = false;
  static ValueView bind(const std::vector<B>& value, Buffer& /*buffer*/) {
    return ValueView(BlobView(std::as_bytes(std::span(value))));
  }
  static void read(const ValueView& stored, std::string_view column, std::vector<B>& value) {
    const auto bytes = detail::decode<BlobView>(stored, column);
    value.resize(bytes.size());
    std::ranges::transform(bytes, value.begin(), [](std::byte byte) { return static_cast<B>(byte); });
  }
};

template <detail::Byte B, std::size_t N>
struct ColumnType<std::array<B, N>> {
  using Buffer = NoBuffer;
  static constexpr ColumnKind kind = ColumnKind::Bytes;
  static constexpr bool nullable = false;
  static ValueView bind(const std::array<B, N>& value, Buffer& /*buffer*/) {
    return ValueView(BlobView(std::as_bytes(std::span(value))));
  }
  static void read(const ValueView& stored, std::string_view column, std::array<B, N>& value) {
    const auto bytes = detail::decode<BlobView>(stored, column);
    if (bytes.size() != N) detail::throwWrongSize(N, bytes.size(), column);
    std::ranges::transform(bytes, value.begin(), [](std::byte byte) { return static_cast<B>(byte); });
  }
};

/// As 16 bytes.
template <>
struct ColumnType<Uuid> {
  using Buffer = NoBuffer;
  using Bytes = ColumnType<std::array<std::byte, Uuid::kSize>>;
  static constexpr ColumnKind kind = ColumnKind::Bytes;
  static constexpr bool nullable = false;
  static ValueView bind(const Uuid& value, Buffer& buffer) { return Bytes::bind(value.bytes, buffer); }
  static void read(const ValueView& stored, std::string_view column, Uuid& value) {
    Bytes::read(stored, column, value.bytes);
  }
};

/// As the count of its own unit.
template <detail::Duration T>
struct ColumnType<T> {
  using Buffer = NoBuffer;
  static constexpr ColumnKind kind = ColumnKind::Integer;
  static constexpr bool nullable = false;
  static ValueView bind(const T& value, Buffer& /*buffer*/) { return ValueView(value.count()); }
  static void read(const ValueView& stored, std::string_view column, T& value) {
    value = T(detail::decode<typename T::rep>(stored, column));
  }
};

template <typename E>
  requires std::is_enum_v<E>
struct ColumnType<E> {
  using Buffer = NoBuffer;
  using Number = std::underlying_type_t<E>;
  static constexpr ColumnKind kind = detail::NamedEnum<E> ? ColumnKind::Text : ColumnKind::Integer;
  static constexpr bool nullable = false;
  static ValueView bind(const E& value, Buffer& /*buffer*/) {
    if constexpr (detail::NamedEnum<E>) {
      for (const auto& [known, name] : EnumNames<E>::values) {
        if (known == value) return ValueView(std::string_view(name));
      }
      detail::throwUnnamedEnumerator();
    } else {
      return ValueView(static_cast<Number>(value));
    }
  }
  static void read(const ValueView& stored, std::string_view column, E& value) {
    if constexpr (detail::NamedEnum<E>) {
      const auto text = detail::decode<std::string_view>(stored, column);
      for (const auto& [known, name] : EnumNames<E>::values) {
        if (text != std::string_view(name)) continue;
        value = known;
        return;
      }
      detail::throwUnknownName(column);
    } else {
      value = static_cast<E>(detail::decode<Number>(stored, column));
    }
  }
};

/// As JSON text. A text that is no JSON is Error{TypeMismatch}.
template <>
struct ColumnType<Json> {
  using Buffer = std::string;
  static constexpr ColumnKind kind = ColumnKind::Text;
  static constexpr bool nullable = false;
  static ValueView bind(const Json& value, Buffer& buffer);
  static void read(const ValueView& stored, std::string_view column, Json& value);
};

template <typename T>
struct ColumnType<std::optional<T>> {
  using Buffer = typename ColumnType<T>::Buffer;
  static constexpr ColumnKind kind = ColumnType<T>::kind;
  static constexpr bool nullable = true;
  static ValueView bind(const std::optional<T>& value, Buffer& buffer) {
    return value ? ColumnType<T>::bind(*value, buffer) : ValueView();
  }
  static void read(const ValueView& stored, std::string_view column, std::optional<T>& value) {
    if (stored.isNull()) {
      value.reset();
      return;
    }
    if constexpr (std::same_as<T, std::string>) {
      // Made of its text: to make it empty and assign costs twice as much where the text does not fit in place.
      if (!value) {
        value.emplace(detail::decode<std::string_view>(stored, column));
        return;
      }
    }
    if (!value) value.emplace();
    ColumnType<T>::read(stored, column, *value);
  }
};

}  // namespace holdfast
