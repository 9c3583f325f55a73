#include <holdfast/sql.hpp>

#include <doctest/doctest.h>

#include <string>
#include <type_traits>
#include <utility>

#include <holdfast/error.hpp>

using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::Sql;

namespace {

std::string throughCall(const Sql& sql) { return std::string(sql.text()); }

}  // namespace

TEST_SUITE("query/sql") {
  TEST_CASE("only a literal converts to a statement") {
    static_assert(!std::is_convertible_v<std::string, Sql>);
    static_assert(!std::is_convertible_v<const char*, Sql>);
    static_assert(!std::is_convertible_v<std::string_view, Sql>);
    CHECK(throughCall("SELECT 1") == "SELECT 1");
  }

  TEST_CASE("a literal is not copied") {
    const Sql sql = "SELECT 1";
    const Sql copy = sql;
    CHECK(sql.isLiteral());
    CHECK(copy.isLiteral());
    CHECK(copy.data() == sql.data());
  }

  TEST_CASE("text from elsewhere is kept when its source goes") {
    std::string source = "SELECT 2";
    const Sql sql = Sql::unchecked(source);
    source.assign(source.size(), 'x');
    CHECK(sql.text() == "SELECT 2");
    CHECK(sql.data()[sql.text().size()] == '\0');
    CHECK_FALSE(sql.isLiteral());
    const Sql copy = sql;
    CHECK(copy.text() == "SELECT 2");
    CHECK(copy.data() != sql.data());
  }

  TEST_CASE("a moved statement takes its text along") {
    Sql sql = Sql::unchecked("SELECT 3");
    const char* data = sql.data();
    const Sql moved = std::move(sql);
    CHECK(moved.data() == data);
    CHECK_FALSE(moved.isLiteral());
    CHECK(sql.text().empty());  // NOLINT: the state that is left is what is tested.
  }

  TEST_CASE("one statement takes the place of another, with all that belongs to it") {
    Sql sql = Sql::unchecked("SELECT 4");
    const Sql literal = "SELECT 5";
    sql = literal;
    CHECK(sql.isLiteral());
    CHECK(sql.hash() == literal.hash());
    sql = Sql::unchecked("SELECT 6");
    CHECK(sql.text() == "SELECT 6");
    CHECK(literal.text() == "SELECT 5");
  }

  TEST_CASE("the same text has the same hash wherever it comes from") {
    constexpr std::uint64_t kEmptyFnv1a = 14695981039346656037ULL;
    CHECK(Sql("").hash() == kEmptyFnv1a);
    CHECK(Sql("a").hash() == 0xaf63dc4c8601ec8cULL);  // A published test vector of FNV-1a.
    CHECK(Sql("SELECT 1").hash() == Sql::unchecked("SELECT 1").hash());
    CHECK(Sql("SELECT 1").hash() != Sql("SELECT 2").hash());
  }

  TEST_CASE("text that contains a NUL is refused") {
    try {
      Sql::unchecked(std::string_view("SELECT 1\0; DROP TABLE t", 23));
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::InvalidSql);
    }
    CHECK(Sql::unchecked("").text().empty());
  }
}
