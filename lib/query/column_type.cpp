#include <holdfast/column_type.hpp>

#include <holdfast/error.hpp>

namespace holdfast {

std::string_view toText(ColumnKind kind) noexcept {
  static constexpr std::array<std::string_view, 5> kTexts{"INTEGER", "REAL", "TEXT", "BLOB", "ANY"};
  const auto index = static_cast<std::size_t>(kind);
  return index < kTexts.size() ? kTexts[index] : "ANY";
}

namespace detail {

void throwUnknownName(std::string_view column) {
  throw Error(ErrorCode::TypeMismatch,
              std::string("column '").append(column).append("' holds a text that names no value of its enum"));
}

void throwUnnamedEnumerator() {
  throw Error(ErrorCode::InvalidArgument, "a value of an enum that has no name in EnumNames");
}

void throwWrongSize(std::size_t wanted, std::size_t held, std::string_view column) {
  throw Error(ErrorCode::TypeMismatch, std::string("column '").append(column).append("' holds ") +
                                           std::to_string(held) + " bytes, not " + std::to_string(wanted));
}

}  // namespace detail

}  // namespace holdfast
