// SQLite's memory from one block. Every case is a process of its own: the settings are for good.

#include <doctest/doctest.h>

#include <sqlite3.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include <holdfast/memory_arena.hpp>

#include "support/child_process.hpp"
#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

alignas(64) std::array<std::byte, 512 * 1024> storage;

bool isIn(const void* memory, std::span<const std::byte> block) {
  const auto* at = static_cast<const std::byte*>(memory);
  return at >= block.data() && at < block.data() + block.size();
}

/// Runs it in a process that has not used SQLite yet. A CHECK in it does not reach doctest's count: it returns.
template <typename F>
bool inNewProcess(F body) {
  return inChild([&] { return body() ? 0 : 1; }) == 0;
}

/// A table of rows of 1000 bytes, and a pool on it.
struct Loaded : PoolFixture {
  explicit Loaded(int rows, std::size_t poolSize = 4) : PoolFixture(poolSize) {
    open();
    pool.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT)");
    for (int done = 0; done < rows; done += 50) {
      pool.transaction([](Transaction& tx) {
        for (int i = 0; i < 50; ++i) tx.run("INSERT INTO item(name) VALUES (printf('%01000d', ?))", i * 7919 % 1000);
      });
    }
  }
};

}  // namespace

TEST_SUITE("memory/arena") {
  TEST_CASE("all of SQLite's memory comes from the block that the application gives") {
    CHECK(inNewProcess([] {
      const ArenaReport made = configureMemory({.storage = storage});
      const std::int64_t usedBefore = memoryArena().usedBytes;
      void* memory = sqlite3_malloc(1000);
      bool good = isIn(memory, storage);
      good = good && memoryArena().usedBytes == usedBefore + 1024;
      sqlite3_free(memory);
      good = good && made.bytes == static_cast<std::int64_t>(storage.size());
      good = good && made.pageBytes > made.bytes / 2 && made.pages > made.pageBytes / 5000;
      Loaded loaded(200);
      const ArenaReport full = memoryArena();
      good = good && full.pagesPeak > 10 && full.peakBytes > usedBefore && full.peakBytes <= full.heapBytes;
      good = good && full.largestRequestBytes > 0 && full.guaranteedBytes > 0;
      good = good && loaded.rows() == 200 && loaded.isSound();
      return good && loaded.pool.metrics().memoryUsedBytes >= full.usedBytes;
    }));
  }

  TEST_CASE("SQLite's own heap is used where it was built with one") {
    CHECK(inNewProcess([] {
      const bool hasOne = sqlite3_compileoption_used("ENABLE_MEMSYS5") != 0;
      const ArenaReport made = configureMemory({.bytes = 1 * MiB});
      bool good = made.allocator == (hasOne ? ArenaAllocator::Memsys5 : ArenaAllocator::Buddy);
      Loaded loaded(100);
      const ArenaReport used = memoryArena();
      good = good && used.usedBytes > 0 && used.peakBytes >= used.usedBytes && used.peakBytes <= used.heapBytes;
      good = good && used.largestFreeBytes.has_value() != hasOne;  // That heap does not tell.
      return good && loaded.rows() == 100 && loaded.isSound();
    }));
  }

  TEST_CASE("the block is allocated where the application gives none") {
    CHECK(inNewProcess([] {
      const ArenaReport made = configureMemory({.bytes = 1 * MiB, .ownAllocator = true});
      bool good = made.allocator == ArenaAllocator::Buddy && made.bytes == 1 * MiB && made.refusals == 0;
      good = good && made.largestFreeBytes.value() >= 128 * KiB;
      good = good && sqlite3_malloc(2 * static_cast<int>(MiB)) == nullptr && memoryArena().refusals == 1;
      Loaded loaded(100);
      return good && loaded.rows() == 100;
    }));
  }

  TEST_CASE("without places for pages they come from the heap") {
    CHECK(inNewProcess([] {
      configureMemory({.bytes = 2 * MiB, .pageCacheBytes = 0});
      Loaded loaded(100);
      const ArenaReport report = memoryArena();
      return report.pages == 0 && report.pageBytes == 0 && loaded.rows() == 100 && report.pageOverflowBytes > 0;
    }));
  }

  TEST_CASE("what does not fit is an Error and the next call works") {
    CHECK(inNewProcess([] {
      configureMemory({.bytes = 384 * KiB});
      Loaded loaded(50, 2);
      ConnectionPool& pool = loaded.pool;
      bool good = true;
      for (int i = 0; i < 20; ++i) {
        const auto code = codeOf([&] { pool.queryValue<std::int64_t>("SELECT length(hex(zeroblob(400000)))"); });
        good = good && code == ErrorCode::MemoryLimit;
        const auto write = codeOf([&] { pool.run("INSERT INTO item(name) VALUES (hex(zeroblob(500000)))"); });
        good = good && write == ErrorCode::MemoryLimit;
        good = good && pool.queryValue<int>("SELECT count(*) FROM item") == 50;
        pool.run("UPDATE item SET name = 'x' WHERE id = 1");
      }
      return good && loaded.isSound();
    }));
  }

  TEST_CASE("large transactions and sorts are served by a small arena") {
    CHECK(inNewProcess([] {
      configureMemory({.bytes = 768 * KiB});
      Loaded loaded(3000);
      std::int64_t seen = 0;
      loaded.pool.forEach("SELECT name FROM item ORDER BY name DESC", [&seen](const RowView&) { return ++seen > 0; });
      loaded.pool.run("UPDATE item SET name = name || 'x'");
      return seen == 3000 && loaded.rows() == 3000 && loaded.isSound();
    }));
  }

  TEST_CASE("threads share the block") {
    CHECK(inNewProcess([] {
      configureMemory({.bytes = 2 * MiB});
      Loaded loaded(500);
      std::atomic<int> failures{0};
      {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
          threads.emplace_back([&, t] {
            for (int i = 0; i < 100; ++i) {
              failures +=
                  codeOf([&] { loaded.pool.queryValue<std::string>("SELECT name FROM item WHERE id = ?", i); }) ? 1 : 0;
              if (i % 10 == t) loaded.pool.run("UPDATE item SET name = 'y' WHERE id = ?", i);
            }
          });
        }
      }
      return failures == 0 && loaded.rows() == 500 && loaded.isSound();
    }));
  }

  TEST_CASE("a pool knows the arena as its limit and comes back from pressure") {
    CHECK(inNewProcess([] {
      configureMemory({.bytes = 512 * KiB});
      Loaded loaded(300);
      const PoolMetrics metrics = loaded.pool.metrics();
      bool good = metrics.memoryLimitBytes > 0 && metrics.memoryLimitBytes <= 512 * KiB;
      good = good && metrics.memoryUsedBytes <= metrics.memoryLimitBytes;
      std::vector<void*> hoard;  // Somebody else in the process takes what is left.
      while (void* memory = sqlite3_malloc(1000)) hoard.push_back(memory);
      loaded.pool.tick();
      good = good && loaded.pool.metrics().memoryStage != MemoryStage::Normal;
      for (void* memory : hoard) sqlite3_free(memory);
      loaded.pool.tick();
      good = good && loaded.pool.metrics().memoryStage == MemoryStage::Normal;
      return good && loaded.rows() == 300;
    }));
  }

  TEST_CASE("opening and closing gives the block back in one piece") {
    CHECK(inNewProcess([] {
      configureMemory({.bytes = 1 * MiB, .ownAllocator = true});
      { Loaded warm(100); }
      const ArenaReport before = memoryArena();
      for (int i = 0; i < 20; ++i) Loaded again(100);
      const ArenaReport after = memoryArena();
      return after.usedBytes == before.usedBytes && after.largestFreeBytes == before.largestFreeBytes &&
             after.pagesUsed == before.pagesUsed;
    }));
  }

  TEST_CASE("it is set once and before anything uses SQLite") {
    CHECK(memoryArena().allocator == ArenaAllocator::None);
    CHECK(memoryArena().bytes == 0);
    CHECK(inNewProcess([] {
      configureMemory({.bytes = 256 * KiB});
      return codeOf([] { configureMemory({.bytes = 256 * KiB}); }) == ErrorCode::Misuse;
    }));
    CHECK(inNewProcess([] {
      sqlite3_initialize();
      const bool refused = codeOf([] { configureMemory({.bytes = 256 * KiB}); }) == ErrorCode::Misuse;
      return refused && memoryArena().allocator == ArenaAllocator::None;
    }));
  }

  TEST_CASE("options that make no sense are refused and SQLite stays as it was") {
    CHECK(inNewProcess([] {
      const auto refusal = [](const ArenaOptions& options) {
        return codeOf([&] { configureMemory(options); }) == ErrorCode::InvalidConfig;
      };
      bool good = refusal({}) && refusal({.bytes = 64 * KiB}) && refusal({.bytes = 2 * GiB});
      good = good && refusal({.bytes = 1 * MiB, .storage = storage});
      good = good && refusal({.bytes = 256 * KiB, .pageSize = 1000}) && refusal({.bytes = 256 * KiB, .pageSize = 256});
      good = good && refusal({.bytes = 256 * KiB, .pageCacheBytes = 256 * KiB});
      good = good && refusal({.storage = std::span(storage).first(1000)});
      Loaded loaded(50);
      return good && loaded.rows() == 50 && memoryArena().allocator == ArenaAllocator::None;
    }));
  }

  TEST_CASE("options travel as JSON") {
    const ArenaOptions options =
        ArenaOptions::fromJson({{"bytes", "1MiB"}, {"pageCacheBytes", "256KiB"}, {"ownAllocator", true}});
    CHECK(options.bytes == 1 * MiB);
    CHECK(options.pageCacheBytes == 256 * KiB);
    CHECK(options.pageSize == 4096);
    CHECK(options.ownAllocator);
    CHECK(toJson(ArenaOptions::fromJson(toJson(options))) == toJson(options));
    CHECK(ArenaOptions::fromJson(toJson(ArenaOptions{})).pageCacheBytes == -1);
    const auto reason = [](const nlohmann::json& json) {
      const auto error = errorOf([&] { ArenaOptions::fromJson(json); });
      return error && error->code() == ErrorCode::InvalidConfig ? error->reason() : "none";
    };
    CHECK(reason({{"byte", 1}}) == "unknown key 'byte'; did you mean 'bytes'?");
    CHECK(reason({{"colour", 1}}) == "unknown key 'colour'");
    CHECK(reason({{"bytes", 1}}).starts_with("'bytes' is 1; accepted:"));
    CHECK(reason(7).starts_with("'arena' is 7;"));
  }

  TEST_CASE("the report can be written as JSON") {
    CHECK(toJson(memoryArena()).at("allocator") == "none");
    CHECK(toJson(memoryArena()).at("largestFreeBytes").is_null());
    CHECK(toText(ArenaAllocator::Memsys5) == "memsys5");
    CHECK(toText(ArenaAllocator::Buddy) == "buddy");
    ArenaReport report;
    report.largestFreeBytes = 64;
    CHECK(toJson(report).at("largestFreeBytes") == 64);
  }

  TEST_CASE("the bound is Robson's") {
    CHECK(arenaBytesFor(200 * 64, 1024) == (3 * 200 - 15) * 64);
    CHECK(arenaBytesFor(6400, 64) == 6400);  // Of one size: nothing can be in the way.
    CHECK(arenaBytesFor(64, 4096) == 4096);
  }

  TEST_CASE("SQLite can be shut down and begun again on the same block") {
    CHECK(inNewProcess([] {
      configureMemory({.bytes = 512 * KiB, .ownAllocator = true});
      { Loaded loaded(50); }
      sqlite3_temp_directory = nullptr;  // It lay in the block.
      sqlite3_shutdown();
      sqlite3_initialize();
      Loaded loaded(50);
      return loaded.rows() == 50 && memoryArena().usedBytes > 0;
    }));
  }
}
