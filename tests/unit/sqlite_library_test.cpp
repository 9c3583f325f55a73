#include "connection/sqlite_library.hpp"
#include "connection/heap_wall.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "support/raw_sqlite.hpp"

using holdfast::hasWalResetBug;
using holdfast::requireUsableSqlite;
using holdfast::sqliteLibrary;
using holdfast::useTemporaryDirectoryBeside;
using holdfast::test::RawSqlite;
namespace sqlite_memory = holdfast::sqlite_memory;

TEST_SUITE("connection/sqlite_library") {
  TEST_CASE("the library that is linked in is named as it names itself") {
    CHECK(sqliteLibrary().version == sqlite3_libversion());
    CHECK(sqliteLibrary().sourceId == sqlite3_sourceid());
    CHECK(sqliteLibrary().walResetBug == hasWalResetBug(sqlite3_libversion_number()));
    CHECK_NOTHROW(requireUsableSqlite());
  }

  TEST_CASE("the log-reset bug is in all versions from its introduction to its fixes") {
    for (const int version :
         {3007000, 3040001, 3044000, 3044005, 3045000, 3049002, 3050000, 3050006, 3051000, 3051002}) {
      CAPTURE(version);
      CHECK(hasWalResetBug(version));
    }
    for (const int version : {3006023, 3044006, 3044999, 3050007, 3050999, 3051003, 3052000, 3053002, 4000000}) {
      CAPTURE(version);
      CHECK_FALSE(hasWalResetBug(version));
    }
  }

  TEST_CASE("the first database decides where temporary files go, unless somebody else has") {
    REQUIRE(sqlite3_temp_directory == nullptr);
    ::setenv("SQLITE_TMPDIR", "/elsewhere", 1);
    useTemporaryDirectoryBeside("/data/test.db");
    CHECK(sqlite3_temp_directory == nullptr);
    ::unsetenv("SQLITE_TMPDIR");
    useTemporaryDirectoryBeside("/data/test.db");
    REQUIRE(sqlite3_temp_directory != nullptr);
    CHECK(std::string(sqlite3_temp_directory) == "/data");
    useTemporaryDirectoryBeside("/other/test.db");
    CHECK(std::string(sqlite3_temp_directory) == "/data");
    sqlite3_free(sqlite3_temp_directory);
    sqlite3_temp_directory = nullptr;
    useTemporaryDirectoryBeside("/test.db");
    CHECK(std::string(sqlite3_temp_directory) == "/");
    sqlite3_free(sqlite3_temp_directory);
    sqlite3_temp_directory = nullptr;
  }

  TEST_CASE("heap limits are set, raised, lowered and lifted") {
    sqlite_memory::setLimits({3 << 20, 4 << 20});
    CHECK(sqlite3_soft_heap_limit64(-1) == 3 << 20);
    CHECK(sqlite3_hard_heap_limit64(-1) == 4 << 20);
    sqlite_memory::setLimits({6 << 20, 8 << 20});
    CHECK(sqlite3_soft_heap_limit64(-1) == 6 << 20);
    CHECK(sqlite3_hard_heap_limit64(-1) == 8 << 20);
    sqlite_memory::setLimits({1 << 20, 2 << 20});
    CHECK(sqlite3_soft_heap_limit64(-1) == 1 << 20);
    CHECK(sqlite3_hard_heap_limit64(-1) == 2 << 20);
    sqlite_memory::setLimits({0, 0});
    CHECK(sqlite3_soft_heap_limit64(-1) == 0);
    CHECK(sqlite3_hard_heap_limit64(-1) == 0);
  }

  TEST_CASE("a reallocation does not pass the hard limit, whatever SQLite thought before it asked caches for memory") {
    sqlite3_shutdown();  // It takes an allocator only then.
    sqlite_memory::installHeapWall();
    const std::int64_t before = sqlite3_memory_used();
    void* block = sqlite3_malloc(1000);
    sqlite_memory::setHeapWall({.limit = before + 50'000});
    CHECK(sqlite3_realloc(block, 100'000) == nullptr);
    block = sqlite3_realloc(block, 40'000);
    REQUIRE(block != nullptr);
    CHECK(sqlite3_realloc(block, 60'000) == nullptr);
    block = sqlite3_realloc(block, 500);
    sqlite_memory::setHeapWall({});
    block = sqlite3_realloc(block, 100'000);
    CHECK(block != nullptr);
    sqlite3_free(block);

    const auto fits = [](int bytes) {
      void* taken = sqlite3_malloc(bytes);
      sqlite3_free(taken);
      return taken != nullptr;
    };
    sqlite_memory::setHeapWall({.limit = before + 50'000, .reserve = 10'000});
    CHECK(fits(39'000));
    CHECK_FALSE(fits(45'000));
    {
      const sqlite_memory::HeapReserve reserve;
      CHECK(fits(45'000));
      CHECK_FALSE(fits(51'000));
    }
    CHECK_FALSE(fits(45'000));
    sqlite_memory::setHeapWall({.limit = before + 50'000, .beside = []() noexcept { return std::int64_t{20'000}; }});
    CHECK(fits(29'000));
    CHECK_FALSE(fits(31'000));
    sqlite_memory::setHeapWall({});
    CHECK(sqlite_memory::heapBytesTaken() == before);
    CHECK(sqlite3_memory_used() == before);
  }

  TEST_CASE("used memory is what SQLite has in use and its peak is not less") {
    const std::int64_t before = sqlite_memory::usedBytes();
    {
      RawSqlite raw(":memory:");
      raw.run("CREATE TABLE t(x)");
      CHECK(sqlite_memory::usedBytes() > before);
    }
    CHECK(sqlite_memory::usedBytes() == before);
    CHECK(sqlite_memory::peakBytes() > before);
  }
}
