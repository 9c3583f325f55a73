#include <holdfast/value.hpp>

#include <array>
#include <string>

#include <holdfast/error.hpp>

namespace holdfast {
namespace {

std::string columnText(std::string_view column) { return std::string("column '").append(column).append("'"); }

}  // namespace

std::string_view toText(ValueType type) noexcept {
  static constexpr std::array<std::string_view, 5> kTexts{"null", "integer", "real", "text", "blob"};
  const auto index = static_cast<std::size_t>(type);
  return index < kTexts.size() ? kTexts[index] : "unknown";
}

void ValueView::throwIntegerTooLarge() {
  throw Error(ErrorCode::InvalidArgument, "an integer above 9223372036854775807 cannot be stored");
}

Value::Value(const ValueView& view) {
  switch (view.type()) {
    case ValueType::Null: break;
    case ValueType::Integer: content_ = view.integer(); break;
    case ValueType::Real: content_ = view.real(); break;
    case ValueType::Text: content_ = std::string(view.text()); break;
    case ValueType::Blob: content_ = Blob(view.blob().begin(), view.blob().end()); break;
  }
}

ValueView Value::view() const noexcept {
  if (const auto* integer = std::get_if<std::int64_t>(&content_)) return ValueView(*integer);
  if (const auto* real = std::get_if<double>(&content_)) return ValueView(*real);
  if (const auto* text = std::get_if<std::string>(&content_)) return ValueView(*text);
  if (const auto* blob = std::get_if<Blob>(&content_)) return ValueView(*blob);
  return {};
}

namespace detail {

void throwTypeMismatch(const ValueView& value, std::string_view wanted, std::string_view column) {
  const std::string_view held = value.isNull() ? "NULL" : toText(value.type());
  throw Error(ErrorCode::TypeMismatch,
              columnText(column).append(" holds ").append(held).append(", not ").append(wanted));
}

void throwOutOfRange(std::string_view wanted, std::string_view column) {
  throw Error(ErrorCode::TypeMismatch, columnText(column).append(" holds a value out of range for ").append(wanted));
}

}  // namespace detail
}  // namespace holdfast
