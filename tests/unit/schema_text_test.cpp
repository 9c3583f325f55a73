// Reading CHECK constraints out of the text of a table.

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "repository/schema_text.hpp"

using namespace holdfast;

TEST_SUITE("repository/schema text") {
  TEST_CASE("checks are found in columns and behind them and nowhere else") {
    const std::vector<CheckText> checks = checksOf(
        "CREATE TABLE \"CHECK (1)\"( -- CHECK (2)\n"
        "id INTEGER PRIMARY KEY /* CHECK (3) */, [a,b] TEXT DEFAULT 'CHECK (4)' CHECK (length([a,b]) <= (8)),"
        " `check` INT DEFAULT (1 + (2)) CONSTRAINT \"c, d\" CHECK(`check` IN (1, 2)),"
        " FOREIGN KEY(id) REFERENCES other(id), CONSTRAINT x CHECK (id > 0), check (\"a,b\" <> ')'))");
    REQUIRE(checks.size() == 4);
    CHECK(checks[0].column == "a,b");
    CHECK(checks[0].expression == "length([a,b]) <= (8)");
    CHECK(checks[1].column == "check");
    CHECK(checks[1].expression == "`check` IN (1, 2)");
    CHECK(checks[2].column.empty());
    CHECK(checks[2].expression == "id > 0");
    CHECK(checks[3].expression == "\"a,b\" <> ')'");
  }

  TEST_CASE("a text that ends too early is no reason to fail") {
    for (const char* text : {"", "CREATE", "CREATE TABLE t(", "CREATE TABLE t(a CHECK", "CREATE TABLE t(a CHECK (a > 1",
                             "CREATE TABLE t(a CHECK ()", "CREATE TABLE t(\"a", "CREATE TABLE t('", "/*", "--"}) {
      CAPTURE(text);
      CHECK(checksOf(text).empty());
    }
    CHECK(checksOf("CREATE TABLE t(a CHECK ())").empty());
  }

  TEST_CASE("expressions are the same but for space and case and quotes") {
    CHECK(normalExpression("length(\"Sensor\")<=8") == normalExpression("LENGTH ( sensor ) /* at most */ <= 8"));
    CHECK(normalExpression("('a')") == normalExpression("'a'"));
    CHECK(normalExpression("(a) + (b)") != normalExpression("a) + (b"));
    CHECK(normalExpression("'A'") != normalExpression("'a'"));
    CHECK(normalExpression("1.5") != normalExpression("15"));
    CHECK(normalExpression("") == "");
  }
}
