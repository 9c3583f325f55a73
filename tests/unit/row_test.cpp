#include <holdfast/row.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

#include <holdfast/error.hpp>

using holdfast::ColumnNames;
using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::Row;
using holdfast::Rows;
using holdfast::Value;

namespace {

Row sample() {
  return {std::make_shared<const ColumnNames>(ColumnNames{"id", "name", "note", "id"}),
          {Value(7), Value("seven"), Value(), Value(8)}};
}

template <typename F>
std::string invalidArgument(F&& body) {
  try {
    body();
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::InvalidArgument);
    return error.reason();
  }
  return "no error";
}

}  // namespace

TEST_SUITE("query/row") {
  TEST_CASE("columns are read by place and by name") {
    const Row row = sample();
    CHECK(row.size() == 4);
    CHECK(row.columns()[1] == "name");
    CHECK(row.get<int>(0) == 7);
    CHECK(row.get<std::string>("name") == "seven");
    CHECK_FALSE(row.get<std::optional<std::string>>("note").has_value());
    CHECK(row.at(1) == Value("seven"));
  }

  TEST_CASE("the first of two columns with the same name is found") {
    CHECK(sample().get<int>("id") == 7);
    CHECK(sample().get<int>(3) == 8);
  }

  TEST_CASE("a column that does not exist is named") {
    const Row row = sample();
    CHECK(invalidArgument([&row] { row.at(4); }) == "there is no column 4; the result has 4, counted from 0");
    CHECK(invalidArgument([&row] { row.get<int>(4000); }).starts_with("there is no column 4000"));
    CHECK(invalidArgument([&row] { row.at("Name"); }) == "there is no column 'Name'");
    CHECK(invalidArgument([&row] { row.get<int>("Name"); }) == "there is no column 'Name'");
  }

  TEST_CASE("a value of another type is refused with its column") {
    const Row row = sample();
    const auto mismatch = [&row](auto column) {
      try {
        row.get<int>(column);
      } catch (const Error& error) {
        CHECK(error.code() == ErrorCode::TypeMismatch);
        return error.reason();
      }
      return std::string("no error");
    };
    CHECK(mismatch(std::size_t{1}) == "column 'name' holds text, not an integer");
    CHECK(mismatch("note") == "column 'note' holds NULL, not an integer");
  }

  TEST_CASE("a result without rows still has its columns") {
    const Rows rows(std::make_shared<const ColumnNames>(ColumnNames{"a"}), {});
    CHECK(rows.empty());
    CHECK(rows.columns() == ColumnNames{"a"});
    CHECK(Rows().columns().empty());
    CHECK(Rows().size() == 0);
  }

  TEST_CASE("a result is walked through in order") {
    const auto columns = std::make_shared<const ColumnNames>(ColumnNames{"n"});
    const Rows rows(columns, {Row(columns, {Value(1)}), Row(columns, {Value(2)})});
    CHECK(rows.size() == 2);
    CHECK(rows.front().get<int>("n") == 1);
    CHECK(rows[1].get<int>("n") == 2);
    int sum = 0;
    for (const Row& row : rows) sum += row.get<int>(0);
    CHECK(sum == 3);
  }
}
