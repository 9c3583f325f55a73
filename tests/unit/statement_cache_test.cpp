#include "connection/statement_cache.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/error.hpp>

#include "support/raw_sqlite.hpp"

using holdfast::CachedStatement;
using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::Sql;
using holdfast::StatementCache;
using holdfast::test::RawSqlite;

namespace {

constexpr std::int64_t kPlenty = 1 << 20;

struct Cache {
  explicit Cache(std::size_t entries, std::int64_t bytes = kPlenty) : cache(entries, bytes) {}
  /// Runs a text once, as a call does.
  void use(const std::string& text) { cache.release(cache.acquire(raw.handle(), Sql::unchecked(text))); }
  /// Whether the text is in the cache, by the counters.
  bool has(const std::string& text) {
    const std::uint64_t before = cache.hits.value();
    use(text);
    return cache.hits.value() != before;
  }
  /// Statements that exist on the handle, cached or not.
  int prepared() {
    int count = 0;
    for (auto* each = sqlite3_next_stmt(raw.handle(), nullptr); each != nullptr;
         each = sqlite3_next_stmt(raw.handle(), each)) {
      ++count;
    }
    return count;
  }

  RawSqlite raw{":memory:"};
  StatementCache cache;
};

std::string select(int number) { return "SELECT " + std::to_string(number); }

std::optional<ErrorCode> failure(Cache& c, const std::string& text) {
  try {
    c.use(text);
  } catch (const Error& error) {
    return error.code();
  }
  return std::nullopt;
}

}  // namespace

TEST_SUITE("connection/statement_cache") {
  TEST_CASE("a text is prepared once and found again") {
    Cache c(4);
    const Sql literal("SELECT 1");
    CachedStatement& first = c.cache.acquire(c.raw.handle(), literal);
    sqlite3_stmt* handle = first.handle;
    CHECK(first.readOnly);
    c.cache.release(first);
    CachedStatement& second = c.cache.acquire(c.raw.handle(), literal);
    CHECK(second.handle == handle);
    c.cache.release(second);
    CHECK(c.cache.hits.value() == 1);
    CHECK(c.cache.misses.value() == 1);
    CHECK(c.cache.size() == 1);
    CHECK(c.cache.bytes() > 0);
  }

  TEST_CASE("literals, their copies and texts of run time are one if they read the same") {
    Cache c(4);
    const Sql literal("SELECT 1");
    const Sql copy = literal;
    c.cache.release(c.cache.acquire(c.raw.handle(), literal));
    c.cache.release(c.cache.acquire(c.raw.handle(), copy));
    CHECK(c.has("SELECT 1"));
    CHECK_FALSE(c.has("SELECT 1 "));
    CHECK(c.cache.hits.value() == 2);
  }

  TEST_CASE("a text with blanks, comments or semicolons behind it is found again, too") {
    Cache c(16);
    for (const std::string text : {"SELECT 1;", "SELECT 1 ", "SELECT 1; ", "SELECT 1;;", "SELECT 1 -- one",
                                   "SELECT 1; -- one", "SELECT 1; /* one */", " SELECT 1", "/* one */ SELECT 1;\n"}) {
      CAPTURE(text);
      const std::size_t before = c.cache.size();
      c.use(text);
      CHECK(c.has(text));
      CHECK(c.cache.size() == before + 1);
    }
  }

  TEST_CASE("the least recently used goes when there are too many") {
    Cache c(3);
    for (int i = 1; i <= 3; ++i) c.use(select(i));
    c.use(select(1));
    c.use(select(4));
    CHECK(c.cache.evictions.value() == 1);
    CHECK(c.cache.size() == 3);
    CHECK(c.has(select(1)));
    CHECK(c.has(select(3)));
    CHECK(c.has(select(4)));
    CHECK_FALSE(c.has(select(2)));
    CHECK(c.prepared() == 3);
  }

  TEST_CASE("the number is kept whatever comes") {
    Cache c(5);
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 200; ++i) {
        c.use(select(i % (7 + round)));
        CHECK(c.cache.size() <= 5);
        CHECK(c.prepared() == static_cast<int>(c.cache.size()));
      }
    }
  }

  TEST_CASE("bytes are kept within their bound") {
    Cache probe(4);
    probe.use(select(1));
    const std::int64_t one = probe.cache.bytes();
    Cache c(100, 3 * one + one / 2);
    for (int i = 1; i <= 9; ++i) {
      c.use(select(i));
      CHECK(c.cache.bytes() <= 3 * one + one / 2);
    }
    CHECK(c.cache.size() == 3);
    CHECK(c.has(select(9)));
  }

  TEST_CASE("a statement larger than the whole cache is used and not kept") {
    Cache c(4, 10);
    c.use(select(1));
    c.use(select(1));
    CHECK(c.cache.size() == 0);
    CHECK(c.cache.bytes() == 0);
    CHECK(c.cache.misses.value() == 2);
    CHECK(c.cache.evictions.value() == 0);
    CHECK(c.prepared() == 0);
  }

  TEST_CASE("a statement in use is not handed out twice and not evicted") {
    Cache c(1);
    CachedStatement& outer = c.cache.acquire(c.raw.handle(), Sql("SELECT 1"));
    CachedStatement& inner = c.cache.acquire(c.raw.handle(), Sql("SELECT 1"));
    CHECK(outer.handle != inner.handle);
    c.use(select(2));  // Has no place: the only one is in use.
    CHECK(c.cache.size() == 1);
    c.cache.clear();
    CHECK(sqlite3_step(outer.handle) == SQLITE_ROW);
    CHECK(sqlite3_step(inner.handle) == SQLITE_ROW);
    c.cache.release(inner);
    c.cache.release(outer);
    CHECK(c.prepared() == 1);
    CHECK(c.has("SELECT 1"));
  }

  TEST_CASE("many statements in use at once are all there and leave no more than the bound") {
    Cache c(2);
    std::vector<CachedStatement*> uses;
    for (int i = 0; i < 40; ++i) uses.push_back(&c.cache.acquire(c.raw.handle(), Sql::unchecked(select(i % 5))));
    for (int i = 0; i < 40; ++i) {
      const auto at = static_cast<std::size_t>(i);
      REQUIRE(sqlite3_step(uses[at]->handle) == SQLITE_ROW);
      CHECK(sqlite3_column_int(uses[at]->handle, 0) == i % 5);
    }
    for (CachedStatement* use : uses) c.cache.release(*use);
    CHECK(c.prepared() <= 2);
  }

  TEST_CASE("a release resets") {
    Cache c(2);
    CachedStatement& use = c.cache.acquire(c.raw.handle(), Sql("SELECT 1 UNION ALL SELECT 2"));
    REQUIRE(sqlite3_step(use.handle) == SQLITE_ROW);
    sqlite3_stmt* handle = use.handle;
    c.cache.release(use);
    CHECK(sqlite3_stmt_busy(handle) == 0);
  }

  TEST_CASE("shrinking drops the oldest and clearing drops all") {
    Cache c(10);
    for (int i = 1; i <= 4; ++i) c.use(select(i));
    c.cache.shrink(c.cache.bytes() / 2);
    CHECK(c.cache.size() == 2);
    CHECK(c.has(select(4)));
    c.cache.setMaxBytes(1);
    CHECK(c.cache.size() == 0);
    c.use(select(1));
    CHECK(c.cache.size() == 0);
    c.cache.setMaxBytes(kPlenty);
    c.use(select(1));
    CHECK(c.cache.size() == 1);
    c.cache.clear();
    CHECK(c.cache.size() == 0);
    CHECK(c.prepared() == 0);
  }

  TEST_CASE("text that is not exactly one statement is refused and leaves nothing behind") {
    Cache c(4);
    for (const std::string text : {"", " ", ";", "-- c", "SELECT", "SELECT 1; SELECT 2", "SELECT 1; nonsense",
                                   "SELECT 1;; ; SELECT 2", "SELECT 'open"}) {
      CAPTURE(text);
      CHECK(failure(c, text) == ErrorCode::InvalidSql);
    }
    CHECK(c.prepared() == 0);
    CHECK(c.cache.size() == 0);
    c.use(select(1));
    CHECK(c.cache.size() == 1);
  }

  TEST_CASE("texts of one length with a common beginning are told apart") {
    Cache c(64);
    for (int i = 100; i < 150; ++i) c.use(select(i));
    for (int i = 100; i < 150; ++i) {
      CachedStatement& use = c.cache.acquire(c.raw.handle(), Sql::unchecked(select(i)));
      REQUIRE(sqlite3_step(use.handle) == SQLITE_ROW);
      CHECK(sqlite3_column_int(use.handle, 0) == i);
      c.cache.release(use);
    }
    CHECK(c.cache.hits.value() == 50);
  }
}
