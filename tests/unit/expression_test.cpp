// Expressions and the conditions on them, as text and values.

#include <doctest/doctest.h>

#include <string>

#include <holdfast/condition.hpp>
#include <holdfast/expression.hpp>

#include "support/error_of.hpp"

using namespace holdfast;
using namespace holdfast::test;

TEST_SUITE("query/expression") {
  TEST_CASE("names are quoted whatever is in them") {
    CHECK(Expression::column("a.b").text() == "\"a.b\"");
    CHECK(Expression::column("t", "x\"; DROP TABLE t; --").text() == "\"t\".\"x\"\"; DROP TABLE t; --\"");
    CHECK(Expression::column("t", "*").text() == "\"t\".*");
    CHECK(codeOf([] { (void)Expression::column(""); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([] { (void)Expression::column("t", std::string_view("a\0b", 3)); }) == ErrorCode::InvalidArgument);
  }

  TEST_CASE("text of the program's own stays as it is and is one thing in a condition") {
    const Expression sum = "a + b"_expr;
    CHECK(sum.text() == "a + b");
    CHECK(sum.as("sum").alias() == "sum");
    CHECK("count(*)"_expr.as("n").alias() == "n");
    CHECK(Condition::compare("a OR b"_expr, Operator::Equal, 1).text() == "(a OR b) = ?");
    CHECK(codeOf([] { (void)Expression::raw(""); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { (void)sum.as(""); }) == ErrorCode::InvalidArgument);
  }

  TEST_CASE("values of an expression come before those that it is compared with") {
    const Condition small = Condition::compare(Expression::raw("abs(a - ?)", {10}), Operator::Less, 3);
    REQUIRE(small.values().size() == 2);
    CHECK(small.values()[0] == Value(10));
    CHECK(small.values()[1] == Value(3));
    const Condition listed = Condition::in(Expression::raw("a % ?", {7}), {1, 2, 3});
    CHECK(listed.text() == "(a % ?) IN (?, ?, ?, ?)");
    REQUIRE(listed.values().size() == 5);
    CHECK(listed.values()[0] == Value(7));
    const Condition both =
        Condition::compare(Expression::raw("?", {1}), Operator::NotEqual, Expression::raw("a + ?", {2}));
    CHECK(both.text() == "(?) <> (a + ?)");
    CHECK(both.values()[1] == Value(2));
  }

  TEST_CASE("each condition takes an expression") {
    const Expression column = Expression::column("r", "a");
    CHECK(Condition::isNull(column).text() == "\"r\".\"a\" IS NULL");
    CHECK(Condition::isNotNull(column).text() == "\"r\".\"a\" IS NOT NULL");
    CHECK(Condition::between(column, 1, 2).text() == "\"r\".\"a\" BETWEEN ? AND ?");
    CHECK(Condition::in(column, {}).text() == "0");
    CHECK(codeOf([&] { (void)Condition::compare(column, Operator::Equal, nullptr); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { (void)Condition::between(column, 1, nullptr); }) == ErrorCode::InvalidArgument);
  }
}
