#include <nlohmann/json.hpp>

#include <holdfast/column_type.hpp>
#include <holdfast/error.hpp>

namespace holdfast {

ValueView ColumnType<nlohmann::json>::bind(const nlohmann::json& value, Buffer& buffer) {
  try {
    buffer = value.dump();
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorCode::InvalidArgument, "a JSON value holds a text that is not UTF-8");
  }
  return ValueView(buffer);
}

void ColumnType<nlohmann::json>::read(const ValueView& stored, std::string_view column, nlohmann::json& value) {
  const auto text = detail::decode<std::string_view>(stored, column);
  value = nlohmann::json::parse(text, nullptr, false);
  if (value.is_discarded()) {
    throw Error(ErrorCode::TypeMismatch,
                std::string("column '").append(column).append("' holds a text that is no JSON"));
  }
}

}  // namespace holdfast
