#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <holdfast/clock.hpp>

namespace holdfast {

/// SQLite's five storage classes.
enum class ValueType : std::uint8_t { Null, Integer, Real, Text, Blob };

using Blob = std::vector<std::byte>;
using BlobView = std::span<const std::byte>;

std::string_view toText(ValueType type) noexcept;

class Value;

/// One value that somebody else owns: a parameter about to be bound, or a column of the current row.
/// Trivially copyable; valid as long as what it was made from (for a column: until the next row).
/// A NaN is stored as NULL, as SQLite does; infinities are stored.
class ValueView {
 public:
  constexpr ValueView() noexcept : integer_(0) {}
  constexpr ValueView(std::nullptr_t) noexcept : ValueView() {}
  constexpr ValueView(std::nullopt_t) noexcept : ValueView() {}
  template <std::integral T>
  constexpr ValueView(T value) : type_(ValueType::Integer), integer_(checked(value)) {}
  template <std::floating_point T>
  constexpr ValueView(T value) noexcept : type_(ValueType::Real), real_(static_cast<double>(value)) {}
  constexpr ValueView(std::string_view text) noexcept : type_(ValueType::Text), bytes_{text.data(), text.size()} {}
  /// A null pointer is NULL.
  constexpr ValueView(const char* text) noexcept : ValueView() {
    if (text != nullptr) *this = ValueView(std::string_view(text));
  }
  ValueView(const std::string& text) noexcept : ValueView(std::string_view(text)) {}
  constexpr ValueView(BlobView blob) noexcept : type_(ValueType::Blob), bytes_{blob.data(), blob.size()} {}
  ValueView(const Blob& blob) noexcept : ValueView(BlobView(blob)) {}
  ValueView(Timestamp time) noexcept : ValueView(time.time_since_epoch().count()) {}
  template <typename T>
  ValueView(const std::optional<T>& value) : ValueView() {
    if (value) *this = ValueView(*value);
  }
  /// A template, so that no other type is first converted to a Value.
  template <std::same_as<Value> T>
  ValueView(const T& value) noexcept : ValueView(value.view()) {}

  constexpr ValueType type() const noexcept { return type_; }
  constexpr bool isNull() const noexcept { return type_ == ValueType::Null; }
  /// The content as it is stored. Each needs the matching type(); nothing is converted.
  constexpr std::int64_t integer() const noexcept { return integer_; }
  constexpr double real() const noexcept { return real_; }
  std::string_view text() const noexcept { return {static_cast<const char*>(bytes_.data), bytes_.size}; }
  BlobView blob() const noexcept { return {static_cast<const std::byte*>(bytes_.data), bytes_.size}; }

 private:
  template <std::integral T>
  static constexpr std::int64_t checked(T value) {
    if constexpr (std::unsigned_integral<T> && sizeof(T) >= sizeof(std::int64_t)) {
      if (value > static_cast<T>(std::numeric_limits<std::int64_t>::max())) throwIntegerTooLarge();
    }
    return static_cast<std::int64_t>(value);
  }
  [[noreturn]] static void throwIntegerTooLarge();

  struct Bytes {
    const void* data;
    std::size_t size;
  };
  ValueType type_ = ValueType::Null;
  union {
    std::int64_t integer_;
    double real_;
    Bytes bytes_;
  };
};

/// One value that owns its content.
class Value {
 public:
  Value() noexcept = default;
  explicit Value(const ValueView& view);
  template <typename T>
    requires(std::convertible_to<const T&, ValueView> && !std::same_as<T, Value> && !std::same_as<T, ValueView>)
  Value(const T& value) : Value(ValueView(value)) {}
  Value(std::string text) noexcept : content_(std::move(text)) {}
  Value(Blob blob) noexcept : content_(std::move(blob)) {}

  ValueType type() const noexcept { return static_cast<ValueType>(content_.index()); }
  bool isNull() const noexcept { return content_.index() == 0; }
  ValueView view() const noexcept;
  /// Equal type and equal content; 1 and 1.0 differ.
  bool operator==(const Value&) const = default;

 private:
  std::variant<std::monostate, std::int64_t, double, std::string, Blob> content_;
};

/// Conversions out of a stored value. An integer is range-checked; an integer reads as a floating-point number,
/// not the other way round; NULL reads only as std::optional. Anything else throws Error{TypeMismatch} naming
/// `column`.
namespace detail {

[[noreturn]] void throwTypeMismatch(const ValueView& value, std::string_view wanted, std::string_view column);
[[noreturn]] void throwOutOfRange(std::string_view wanted, std::string_view column);

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <typename T>
inline constexpr bool kUnsupported = false;

/// The value, once its type is known to be right. `column` gives the column's name; it is called for an error only.
template <typename Name>
const ValueView& require(ValueType type, std::string_view wanted, const ValueView& value, const Name& column) {
  if (value.type() != type) throwTypeMismatch(value, wanted, column());
  return value;
}

template <typename T, std::invocable Name>
T decode(const ValueView& value, const Name& column) {
  if constexpr (IsOptional<T>::value) {
    if (value.isNull()) return std::nullopt;
    return decode<typename T::value_type>(value, column);
  } else if constexpr (std::same_as<T, bool>) {
    return require(ValueType::Integer, "an integer", value, column).integer() != 0;
  } else if constexpr (std::integral<T>) {
    const std::int64_t stored = require(ValueType::Integer, "an integer", value, column).integer();
    if (!std::in_range<T>(stored)) throwOutOfRange("an integer of the requested width", column());
    return static_cast<T>(stored);
  } else if constexpr (std::floating_point<T>) {
    if (value.type() == ValueType::Integer) return static_cast<T>(value.integer());
    return static_cast<T>(require(ValueType::Real, "a number", value, column).real());
  } else if constexpr (std::same_as<T, std::string> || std::same_as<T, std::string_view>) {
    return T(require(ValueType::Text, "text", value, column).text());
  } else if constexpr (std::same_as<T, Blob>) {
    const BlobView bytes = require(ValueType::Blob, "a blob", value, column).blob();
    return Blob(bytes.begin(), bytes.end());
  } else if constexpr (std::same_as<T, BlobView>) {
    return require(ValueType::Blob, "a blob", value, column).blob();
  } else if constexpr (std::same_as<T, Timestamp>) {
    return Timestamp(std::chrono::milliseconds(require(ValueType::Integer, "an integer", value, column).integer()));
  } else if constexpr (std::same_as<T, Value>) {
    return Value(value);
  } else {
    static_assert(kUnsupported<T>,
                  "holdfast: this type is not readable from a column; use an integer, bool, floating-point number, "
                  "std::string, Blob, Timestamp, Value or std::optional of these");
  }
}

template <typename T>
T decode(const ValueView& value, std::string_view column) {
  return decode<T>(value, [column] { return column; });
}

}  // namespace detail
}  // namespace holdfast
