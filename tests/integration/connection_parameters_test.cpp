#include <doctest/doctest.h>
#include <sqlite3.h>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/holdfast.hpp>

#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"
#include "support/where.hpp"

using namespace std::chrono_literals;
using holdfast::Blob;
using holdfast::BlobView;
using holdfast::ErrorCode;
using holdfast::Rows;
using holdfast::Sql;
using holdfast::Timestamp;
using holdfast::Value;
using holdfast::ValueType;
using holdfast::test::codeOf;
using holdfast::test::contains;
using holdfast::test::errorOf;
using holdfast::test::PoolFixture;
using holdfast::test::RawSqlite;

namespace {

struct Opened : PoolFixture {
  Opened() : PoolFixture(2) {
    open();
    pool.run("CREATE TABLE t(id INTEGER PRIMARY KEY, x)");
  }
  /// Stores one value, and says what plain SQLite sees: "text:6869".
  template <typename T>
  std::string stored(const T& value) {
    const std::int64_t id = pool.run("INSERT INTO t(x) VALUES (?)", value).lastInsertRowId;
    return RawSqlite(config.database)
        .text(
            "SELECT typeof(x) || ':' || CASE typeof(x) WHEN 'blob' THEN hex(x) ELSE coalesce(x, '') END FROM t "
            "WHERE id = " +
            std::to_string(id));
  }
};

}  // namespace

TEST_SUITE("integration/connection_parameters") {
  TEST_CASE("every kind of value arrives as what it is") {
    Opened f;
    CHECK(f.stored(nullptr) == "null:");
    CHECK(f.stored(std::nullopt) == "null:");
    CHECK(f.stored(std::optional<int>()) == "null:");
    CHECK(f.stored(std::optional<int>(4)) == "integer:4");
    CHECK(f.stored(std::optional<std::string>("hi")) == "text:hi");
    CHECK(f.stored(true) == "integer:1");
    CHECK(f.stored('A') == "integer:65");
    CHECK(f.stored(std::int8_t{-3}) == "integer:-3");
    CHECK(f.stored(std::uint32_t{4294967295}) == "integer:4294967295");
    CHECK(f.stored(std::numeric_limits<std::int64_t>::min()) == "integer:-9223372036854775808");
    CHECK(f.stored(std::uint64_t{9223372036854775807}) == "integer:9223372036854775807");
    CHECK(f.stored(1.5F) == "real:1.5");
    CHECK(f.stored(-0.25) == "real:-0.25");
    CHECK(f.stored("hi") == "text:hi");
    CHECK(f.stored(std::string("hi")) == "text:hi");
    CHECK(f.stored(std::string_view("high").substr(0, 2)) == "text:hi");
    CHECK(f.stored(Blob{std::byte{1}, std::byte{255}}) == "blob:01FF");
    CHECK(f.stored(Timestamp(1500ms)) == "integer:1500");
    CHECK(f.stored(Value(7)) == "integer:7");
    CHECK(f.stored(Value()) == "null:");
  }

  TEST_CASE("an integer that SQLite cannot hold is refused before anything runs") {
    Opened f;
    const std::uint64_t tooLarge = std::uint64_t{1} << 63U;
    CHECK(codeOf([&] { f.pool.run("INSERT INTO t(x) VALUES (?)", tooLarge); }) == ErrorCode::InvalidArgument);
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM t") == 0);
  }

  TEST_CASE("what is not a number is stored as NULL and infinities are stored") {
    Opened f;
    CHECK(f.stored(std::nan("")) == "null:");
    CHECK(f.stored(std::numeric_limits<double>::infinity()) == "real:Inf");
    CHECK(f.stored(-std::numeric_limits<double>::infinity()) == "real:-Inf");
    f.pool.run("INSERT INTO t(id, x) VALUES (1000, ?)", std::numeric_limits<double>::infinity());
    CHECK(std::isinf(f.pool.queryValue<double>("SELECT x FROM t WHERE id = 1000").value()));
  }

  TEST_CASE("an empty text, an empty blob and NULL are three things") {
    Opened f;
    CHECK(f.stored("") == "text:");
    CHECK(f.stored(std::string()) == "text:");
    CHECK(f.stored(std::string_view()) == "text:");
    CHECK(f.stored(Blob()) == "blob:");
    CHECK(f.stored(BlobView()) == "blob:");
    const Rows rows = f.pool.query("SELECT x FROM t ORDER BY id");
    CHECK(rows[0].get<std::string>(0).empty());
    CHECK(rows[0].at(0).type() == ValueType::Text);
    CHECK(rows[3].get<Blob>(0).empty());
    CHECK(rows[3].at(0).type() == ValueType::Blob);
  }

  TEST_CASE("text is kept byte for byte, with characters of every plane and zeros inside") {
    Opened f;
    for (const std::string& text :
         {std::string("Zürich, 東京, 🙂, e\u0301"), std::string("a\0b", 3), std::string("\0", 1),
          std::string("'\";--%_"), std::string("line\r\nline\t"), std::string("\xff\xfe not utf-8")}) {
      const std::int64_t id = f.pool.run("INSERT INTO t(x) VALUES (?)", text).lastInsertRowId;
      CHECK(f.pool.queryValue<std::string>("SELECT x FROM t WHERE id = ?", id) == text);
    }
    CHECK(f.pool.queryValue<int>("SELECT length(?)", "東京") == 2);
  }

  TEST_CASE("a blob of a mebibyte comes back as it went in" * doctest::skip(holdfast::test::kOnDevice)) {
    Opened f;
    Blob big(1024 * 1024);
    for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<std::byte>(i * 31 + i / 251);
    f.pool.run("INSERT INTO t(x) VALUES (?)", big);
    CHECK(f.pool.queryValue<Blob>("SELECT x FROM t") == big);
    std::size_t seen = 0;
    f.pool.forEach("SELECT x FROM t", [&](const holdfast::RowView& row) {
      const auto view = row.get<BlobView>(0);
      seen = view.size();
      CHECK(std::equal(view.begin(), view.end(), big.begin()));
    });
    CHECK(seen == big.size());
  }

  TEST_CASE("the number of values must fit the number of parameters") {
    Opened f;
    CHECK(codeOf([&] { f.pool.query("SELECT ?, ?", 1); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { f.pool.query("SELECT ?", 1, 2); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { f.pool.query("SELECT 1", 1); }) == ErrorCode::InvalidArgument);
    CHECK(codeOf([&] { f.pool.query("SELECT ?"); }) == ErrorCode::InvalidArgument);
    CHECK(contains(errorOf([&] { f.pool.query("SELECT ?, ?", 1); })->what(), "2 parameters and 1 value"));
    CHECK(f.pool.queryValue<int>("SELECT ? + ?", 1, 2) == 3);  // The statement is not spoilt.
  }

  TEST_CASE("numbered and named parameters count as SQLite counts them") {
    Opened f;
    CHECK(f.pool.queryValue<int>("SELECT ?1 + ?1", 4) == 8);
    CHECK(f.pool.queryValue<int>("SELECT :a * :a + :b", 3, 1) == 10);
    CHECK(f.pool.queryValue<int>("SELECT ?3", 1, 2, 5) == 5);
    CHECK(codeOf([&] { f.pool.query("SELECT ?3", 5); }) == ErrorCode::InvalidArgument);
  }

  TEST_CASE("values known only at run time are bound alike") {
    Opened f;
    const std::vector<Value> values{Value(1), Value(2.5), Value("x"), Value()};
    const Rows rows = f.pool.query("SELECT ?, ?, ?, ?", values);
    CHECK(rows[0].get<int>(0) == 1);
    CHECK(rows[0].get<double>(1) == doctest::Approx(2.5));
    CHECK(rows[0].get<std::string>(2) == "x");
    CHECK(rows[0].at(3).isNull());
    std::string sql = "SELECT ";
    std::vector<Value> many;
    for (int i = 0; i < 50; ++i) {
      sql += i == 0 ? "?" : "+ ?";
      many.emplace_back(i);
    }
    CHECK(f.pool.query(Sql::unchecked(sql), many)[0].get<int>(0) == 49 * 50 / 2);
    CHECK(f.pool.run("INSERT INTO t(x) VALUES (?)", std::vector<Value>{Value("v")}).changes == 1);
    CHECK(codeOf([&] { f.pool.query("SELECT ?", std::vector<Value>{}); }) == ErrorCode::InvalidArgument);
    const std::vector<Value> both{Value(7), Value("seven")};
    CHECK(f.pool.queryOne("SELECT ?, ?", both)->get<std::string>(1) == "seven");
    CHECK(f.pool.queryValue<int>("SELECT ? WHERE ? = 'seven'", both) == 7);
    int sum = 0;
    f.pool.forEach(
        "SELECT ? UNION ALL SELECT length(?)", [&sum](const holdfast::RowView& row) { sum += row.get<int>(0); }, both);
    CHECK(sum == 12);
  }

  TEST_CASE("a value of an earlier call is not seen by a later one") {
    Opened f;
    auto lease = f.pool.acquire();
    {
      const std::string gone(1000, 'x');
      lease->run("INSERT INTO t(x) VALUES (?)", gone);
    }
    lease->run("INSERT INTO t(x) VALUES (?)", nullptr);
    CHECK(lease->queryValue<int>("SELECT count(*) FROM t WHERE x IS NULL") == 1);
  }

  TEST_CASE("a value larger than SQLite takes is an error that names the parameter") {
    Opened f;
    auto lease = f.pool.acquire();
    sqlite3_limit(lease->nativeHandle(), SQLITE_LIMIT_LENGTH, 1000);
    const auto error = errorOf([&] { lease->run("INSERT INTO t(x) VALUES (?)", std::string(2000, 'x')); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::InvalidArgument);
    CHECK(contains(error->what(), "parameter 1"));
  }

  TEST_CASE("text with a zero inside is refused as a statement") {
    Opened f;
    CHECK(codeOf([] { Sql::unchecked(std::string_view("SELECT 1\0 DROP", 14)); }) == ErrorCode::InvalidSql);
    CHECK(codeOf([&] { f.pool.query("SELECT 1\0; this is not sql"); }) == ErrorCode::InvalidSql);
  }
}
