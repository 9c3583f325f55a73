#include "core/text.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include <holdfast/units.hpp>

using namespace std::chrono_literals;
using holdfast::formatBytes;
using holdfast::formatDuration;
using holdfast::GiB;
using holdfast::KiB;
using holdfast::MiB;
using holdfast::shorten;
using holdfast::shortenSql;

TEST_SUITE("core/text") {
  TEST_CASE("a number of bytes is shown in the largest unit it fills") {
    CHECK(formatBytes(0) == "0 bytes");
    CHECK(formatBytes(1023) == "1023 bytes");
    CHECK(formatBytes(KiB) == "1.0 KiB");
    CHECK(formatBytes(1536) == "1.5 KiB");
    CHECK(formatBytes(3251200) == "3.1 MiB");
    CHECK(formatBytes(4 * MiB) == "4.0 MiB");
    CHECK(formatBytes(5000 * GiB) == "5000.0 GiB");
    CHECK(formatBytes(-2 * KiB) == "-2.0 KiB");
    CHECK(formatBytes(-5) == "-5 bytes");
  }

  TEST_CASE("rounding moves on to the next unit of bytes") {
    CHECK(formatBytes(MiB - 1) == "1.0 MiB");
    CHECK(formatBytes(1023 * KiB + 900) == "1023.9 KiB");
    CHECK(formatBytes(GiB - 1) == "1.0 GiB");
  }

  TEST_CASE("the largest numbers do not overflow") {
    CHECK(formatBytes(std::numeric_limits<std::int64_t>::max()) == "8589934592.0 GiB");
    CHECK(formatBytes(std::numeric_limits<std::int64_t>::min()) == "-8589934592.0 GiB");
    CHECK(formatDuration(std::chrono::nanoseconds::max()) == "2562048 h");
    CHECK(formatDuration(std::chrono::nanoseconds::min()) == "-2562048 h");
  }

  TEST_CASE("a duration is shown with three digits in the largest unit it fills") {
    CHECK(formatDuration(0ns) == "0 ns");
    CHECK(formatDuration(250ns) == "250 ns");
    CHECK(formatDuration(12'500ns) == "12.5 us");
    CHECK(formatDuration(1'250ms) == "1.25 s");
    CHECK(formatDuration(5s) == "5 s");
    CHECK(formatDuration(123'456us) == "123 ms");
    CHECK(formatDuration(5min) == "5 min");
    CHECK(formatDuration(90min) == "1.5 h");
    CHECK(formatDuration(-3s) == "-3 s");
    CHECK(formatDuration(100s) == "1.67 min");
    CHECK(formatDuration(10s) == "10 s");
    CHECK(formatDuration(1'050ms) == "1.05 s");
  }

  TEST_CASE("rounding moves on to the next unit of time") {
    CHECK(formatDuration(999'999ns) == "1 ms");
    CHECK(formatDuration(999'400ns) == "999 us");
    CHECK(formatDuration(59'960ms) == "1 min");
    CHECK(formatDuration(59'600ms) == "59.6 s");
  }

  TEST_CASE("text is cut to the limit and marked") {
    CHECK(shorten("abcdef", 6) == "abcdef");
    CHECK(shorten("abcdefg", 6) == "abc...");
    CHECK(shorten("abcdefg", 3) == "abc");
    CHECK(shorten("abcdefg", 0).empty());
    CHECK(shorten("", 0).empty());
  }

  TEST_CASE("a character of several bytes is not cut in two") {
    CHECK(shorten("ab\u00e9cdef", 6) == "ab...");
    CHECK(shorten("a\u00e9cdefg", 6) == "a\u00e9...");
    CHECK(shorten("\U0001F600\U0001F600", 5) == "...");
  }

  TEST_CASE("a statement is put into one line") {
    CHECK(shortenSql("SELECT a,\n\t b\r\n FROM t") == "SELECT a, b FROM t");
    CHECK(shortenSql("  SELECT a  ") == "SELECT a");
    CHECK(shortenSql("SELECT a -- the first\nFROM /* of\nall */ t") == "SELECT a FROM t");
    CHECK(shortenSql("SELECT a -- to the end") == "SELECT a");
    CHECK(shortenSql("SELECT a /* never closed 'x'") == "SELECT a");
    CHECK(shortenSql("").empty());
  }

  TEST_CASE("literals do not show") {
    CHECK(shortenSql("INSERT INTO t VALUES ('secret', 12, -3.5e-7, .5, x'00FF', X'ab')") ==
          "INSERT INTO t VALUES (?, ?, -?, ?, ?, ?)");
    CHECK(shortenSql("SELECT 'it''s', 0x1F, 1E+5, 1_000") == "SELECT ?, ?, ?, ?");
    CHECK(shortenSql("SELECT 1-2, 1e-2-3") == "SELECT ?-?, ?-?");
    CHECK(shortenSql("SELECT a.b, 1 . 2") == "SELECT a.b, ? . ?");
    CHECK(shortenSql("SELECT 'never closed") == "SELECT ?");
    CHECK(shortenSql("SELECT ''") == "SELECT ?");
    CHECK(shortenSql("SELECT x'") == "SELECT ?");
    CHECK(shortenSql("SELECT '-- no comment', \"/*no*/\"") == "SELECT ?, \"/*no*/\"");
  }

  TEST_CASE("names and parameters stay") {
    CHECK(shortenSql("SELECT t1.x2, \"a \"\"b\"\" 3\", `c 4`, [d 5] FROM t1") ==
          "SELECT t1.x2, \"a \"\"b\"\" 3\", `c 4`, [d 5] FROM t1");
    CHECK(shortenSql("SELECT ?1, :name2, @at3, $dollar4, #5, x") == "SELECT ?1, :name2, @at3, $dollar4, #5, x");
    CHECK(shortenSql("SELECT h\u00e92") == "SELECT h\u00e92");
    CHECK(shortenSql("SELECT a-b/c") == "SELECT a-b/c");
    CHECK(shortenSql("SELECT \"line\nfeed\"") == "SELECT \"line feed\"");
    CHECK(shortenSql("SELECT [never closed") == "SELECT [never closed");
  }

  TEST_CASE("a long statement is cut at the limit") {
    const std::string columns = "SELECT " + std::string(100, 'a');
    CHECK(shortenSql(columns) == "SELECT " + std::string(50, 'a') + "...");
    CHECK(shortenSql(columns).size() == 60);
    CHECK(shortenSql(columns, 10) == "SELECT ...");
    CHECK(shortenSql("\"" + std::string(1000, 'q') + "\"").size() == 60);
    // What is left out does not count.
    CHECK(shortenSql("SELECT '" + std::string(1000, 's') + "' /*" + std::string(1000, 'c') + "*/ FROM t") ==
          "SELECT ? FROM t");
  }
}
