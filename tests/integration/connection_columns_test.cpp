#include <doctest/doctest.h>
#include <sqlite3.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/holdfast.hpp>

#include "support/pool_fixture.hpp"

using namespace std::chrono_literals;
using holdfast::Blob;
using holdfast::BlobView;
using holdfast::ErrorCode;
using holdfast::RowView;
using holdfast::Sql;
using holdfast::Timestamp;
using holdfast::Value;
using holdfast::ValueType;
using holdfast::test::codeOf;
using holdfast::test::contains;
using holdfast::test::errorOf;
using holdfast::test::PoolFixture;

namespace {

struct Opened : PoolFixture {
  Opened() : PoolFixture(2) { open(); }
  /// Reads one expression as T, through a row that owns its values and in place. Both must say the same.
  template <typename T>
  std::optional<ErrorCode> failure(const std::string& expression) {
    const Sql sql = Sql::unchecked("SELECT " + expression + " AS c");
    const auto owned = codeOf([&] { pool.queryOne(sql)->get<T>("c"); });
    const auto inPlace = codeOf([&] { pool.forEach(sql, [](const RowView& row) { row.get<T>(0); }); });
    CHECK(owned == inPlace);
    return owned;
  }
  template <typename T>
  T value(const std::string& expression) {
    return pool.queryOne(Sql::unchecked("SELECT " + expression))->get<T>(0);
  }
};

}  // namespace

TEST_SUITE("integration/connection_columns") {
  TEST_CASE("an integer is read in any width that holds it") {
    Opened f;
    CHECK(f.value<std::int64_t>("9223372036854775807") == std::numeric_limits<std::int64_t>::max());
    CHECK(f.value<std::int64_t>("-9223372036854775807 - 1") == std::numeric_limits<std::int64_t>::min());
    CHECK(f.value<int>("-2147483648") == std::numeric_limits<int>::min());
    CHECK(f.value<std::uint8_t>("255") == 255);
    CHECK(f.value<std::uint64_t>("9223372036854775807") == 9223372036854775807ULL);
    CHECK(f.value<bool>("2"));
    CHECK_FALSE(f.value<bool>("0"));
  }

  TEST_CASE("an integer that does not fit is refused") {
    Opened f;
    CHECK(f.failure<std::uint8_t>("256") == ErrorCode::TypeMismatch);
    CHECK(f.failure<std::uint8_t>("-1") == ErrorCode::TypeMismatch);
    CHECK(f.failure<std::int8_t>("128") == ErrorCode::TypeMismatch);
    CHECK(f.failure<int>("2147483648") == ErrorCode::TypeMismatch);
    CHECK(f.failure<std::uint64_t>("-1") == ErrorCode::TypeMismatch);
    CHECK_FALSE(f.failure<std::int8_t>("-128").has_value());
  }

  TEST_CASE("NULL is read as an optional only") {
    Opened f;
    CHECK(f.failure<int>("NULL") == ErrorCode::TypeMismatch);
    CHECK(f.failure<std::int64_t>("NULL") == ErrorCode::TypeMismatch);
    CHECK(f.failure<double>("NULL") == ErrorCode::TypeMismatch);
    CHECK(f.failure<bool>("NULL") == ErrorCode::TypeMismatch);
    CHECK(f.failure<std::string>("NULL") == ErrorCode::TypeMismatch);
    CHECK(f.failure<Blob>("NULL") == ErrorCode::TypeMismatch);
    CHECK(f.failure<Timestamp>("NULL") == ErrorCode::TypeMismatch);
    CHECK_FALSE(f.value<std::optional<int>>("NULL").has_value());
    CHECK_FALSE(f.value<std::optional<std::string>>("NULL").has_value());
    CHECK(f.value<std::optional<int>>("4") == 4);
    CHECK(f.value<Value>("NULL").isNull());
  }

  TEST_CASE("a text is no number and a number is no text") {
    Opened f;
    CHECK(f.failure<int>("'12'") == ErrorCode::TypeMismatch);
    CHECK(f.failure<double>("'1.5'") == ErrorCode::TypeMismatch);
    CHECK(f.failure<bool>("'true'") == ErrorCode::TypeMismatch);
    CHECK(f.failure<std::string>("12") == ErrorCode::TypeMismatch);
    CHECK(f.failure<std::string>("1.5") == ErrorCode::TypeMismatch);
    CHECK(f.failure<std::optional<int>>("'12'") == ErrorCode::TypeMismatch);
  }

  TEST_CASE("a real is no integer though an integer is a real") {
    Opened f;
    CHECK(f.failure<int>("1.0") == ErrorCode::TypeMismatch);
    CHECK(f.failure<std::int64_t>("1.5") == ErrorCode::TypeMismatch);
    CHECK(f.failure<Timestamp>("1.5") == ErrorCode::TypeMismatch);
    CHECK(f.value<double>("7") == doctest::Approx(7.0));
    CHECK(f.value<float>("0.5") == doctest::Approx(0.5));
    CHECK(f.value<double>("sum(x) FROM (SELECT 1 AS x)") == doctest::Approx(1.0));
  }

  TEST_CASE("a blob is no text and a text is no blob") {
    Opened f;
    CHECK(f.failure<std::string>("x'6869'") == ErrorCode::TypeMismatch);
    CHECK(f.failure<Blob>("'hi'") == ErrorCode::TypeMismatch);
    CHECK(f.value<Blob>("x'6869'") == Blob{std::byte{0x68}, std::byte{0x69}});
    CHECK(f.value<Blob>("zeroblob(0)").empty());
    CHECK(f.value<Blob>("zeroblob(5)").size() == 5);
  }

  TEST_CASE("a mismatch names the column and not the value") {
    Opened f;
    const auto error = errorOf([&] { f.pool.queryOne("SELECT 'secret-17' AS level")->get<int>(0); });
    REQUIRE(error.has_value());
    CHECK(contains(error->what(), "level"));
    CHECK_FALSE(contains(error->what(), "secret-17"));
    CHECK(error->recovery() == holdfast::Recovery::FixRequest);
  }

  TEST_CASE("a column that is not there is an error") {
    Opened f;
    const auto row = f.pool.queryOne("SELECT 1 AS one, 2 AS two");
    CHECK(codeOf([&] { row->get<int>(2); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { row->get<int>("three"); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { row->get<int>("ONE"); }) == ErrorCode::InvalidArgument);
    CHECK(row->get<int>("two") == 2);
    f.pool.forEach("SELECT 1", [](const RowView& view) {
      CHECK(codeOf([&] { view.at(1); }) == ErrorCode::InvalidArgument);
      CHECK(codeOf([&] { view.get<int>(99); }) == ErrorCode::InvalidArgument);
      CHECK(view.columnName(99).empty());
      CHECK(view.size() == 1);
    });
  }

  TEST_CASE("values are read in place without a copy") {
    Opened f;
    f.pool.forEach("SELECT 'text', x'01', 3, 2.5, NULL", [](const RowView& row) {
      CHECK(row.get<std::string_view>(0) == "text");
      CHECK(row.get<BlobView>(1).size() == 1);
      CHECK(row.at(2).type() == ValueType::Integer);
      CHECK(row.at(3).type() == ValueType::Real);
      CHECK(row.at(4).isNull());
      CHECK(row.columnName(0) == "'text'");
    });
  }

  TEST_CASE("two columns of one name are both there by number") {
    Opened f;
    const auto row = f.pool.queryOne("SELECT 1 AS a, 2 AS a");
    CHECK(row->size() == 2);
    CHECK(row->get<int>(0) == 1);
    CHECK(row->get<int>(1) == 2);
    CHECK(row->get<int>("a") == 1);
  }

  TEST_CASE("a single value converts like a column") {
    Opened f;
    CHECK(codeOf([&] { f.pool.queryValue<int>("SELECT 'x'"); }) == ErrorCode::TypeMismatch);
    CHECK(codeOf([&] { f.pool.queryValue<std::uint8_t>("SELECT 300"); }) == ErrorCode::TypeMismatch);
    CHECK(f.pool.queryValue<Timestamp>("SELECT 1500") == Timestamp(1500ms));
    CHECK(f.pool.queryValue<int>("SELECT 3 UNION ALL SELECT 'not looked at'") == 3);
    CHECK(f.pool.queryValue<int>("SELECT 5") == 5);  // The handle is as before.
  }

  TEST_CASE("a text of UTF-16 storage is read as UTF-8") {
    PoolFixture f;
    {
      sqlite3* raw = nullptr;
      sqlite3_open(f.config.database.c_str(), &raw);
      sqlite3_exec(raw, "PRAGMA encoding='UTF-16le'; CREATE TABLE t(x); INSERT INTO t VALUES ('Zürich')", nullptr,
                   nullptr, nullptr);
      sqlite3_close(raw);
    }
    f.open();
    CHECK(f.pool.queryValue<std::string>("SELECT x FROM t") == "Zürich");
    f.pool.run("INSERT INTO t VALUES (?)", "東京");
    CHECK(f.pool.queryValue<std::string>("SELECT x FROM t WHERE rowid = 2") == "東京");
  }
}
