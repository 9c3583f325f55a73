// firmware: a data logger on a bare Cortex-M, to copy from. All of SQLite's memory is one static array; files are a port's
// (port/file_device.hpp here: files of the host, over the debugger), and a board's are in board/.
//
//   firmware [<database>]
#include <array>
#include <cstddef>
#include <cstdio>
#include <stdexcept>
#include <string>

#include <holdfast/connection_pool.hpp>
#include <holdfast/device_port.hpp>
#include <holdfast/error.hpp>
#include <holdfast/memory_arena.hpp>
#include <holdfast/repository.hpp>

#include "board/board.hpp"
#include "port/file_device.hpp"
#include "reading.hpp"

using namespace holdfast;
using firmware::Reading;

namespace {

constexpr std::size_t kSqliteBytes = 96 * 1024;
alignas(64) constinit std::array<std::byte, kSqliteBytes> sqliteMemory{};
constexpr int kReadings = 500;
constexpr int kRefusedFrom = 100;

constexpr std::int64_t kCacheBytes = 32 * KiB;

void useMemory() {
  // The rest is for statements and the schema. The page size is the one that SQLite was built with
  // (SQLITE_DEFAULT_PAGE_SIZE); a page needs a little more than its size.
  configureMemory({.pageCacheBytes = kCacheBytes / 4 * 5, .pageSize = 1024, .storage = sqliteMemory});
}

ConnectionConfig configuration(const char* database) {
  ConnectionConfig config;
  config.database = database;
  config.tempStore = TempStore::Memory;  // Sorts do not wear the flash.
  config.cacheSize = kCacheBytes;        // As many pages as there are places for.
  config.statementCacheEntries = 16;
  return config;
}

/// A transaction with a part of its own: what a sensor out of order has sent is undone, what came before stays.
void record(ConnectionPool& db, const BaseRepository<Reading>& readings) {
  db.transaction([&](Transaction& tx) {
    for (int i = 0; i < kReadings; ++i) {
      readings.in(tx).create({.sensor = i % 2 == 0 ? "boiler" : "outside", .tick = i, .value = 20 + 0.25 * (i % 40)});
    }
    try {
      tx.transaction([&](Transaction& part) {
        for (int i = 0; i < kRefusedFrom; ++i) readings.in(part).create({.sensor = "pump", .tick = i});
        throw std::runtime_error("the pump's sensor is out of order");
      });
    } catch (const std::runtime_error& error) {
      std::printf("undone: %s\n", error.what());
    }
  });
}

/// Asks for more than there is. True where that was refused, and nothing else was lost.
bool outgrowMemory(ConnectionPool& db, const BaseRepository<Reading>& readings) {
  const std::int64_t before = readings.count();
  try {
    db.transaction([&](Transaction& tx) {
      readings.in(tx).create({.sensor = "lost", .tick = 0});
      tx.run("UPDATE reading SET sensor = hex(randomblob(100000))");
    });
    return false;
  } catch (const Error& error) {
    std::printf("refused: %s\n", error.what());
    if (error.code() != ErrorCode::MemoryLimit) return false;
  }
  return readings.count() == before && db.queryValue<std::string>("PRAGMA main.integrity_check").value_or("") == "ok";
}

void report() {
  const ArenaReport memory = memoryArena();
  const std::int64_t pageBytes = memory.pages == 0 ? 0 : memory.pagesPeak * (memory.pageBytes / memory.pages);
  std::printf("SQLite: %s of %ld bytes: heap at most %ld of %ld, pages at most %ld of %ld; high water %ld bytes\n",
              std::string(toText(memory.allocator)).c_str(), static_cast<long>(memory.bytes),
              static_cast<long>(memory.peakBytes), static_cast<long>(memory.heapBytes),
              static_cast<long>(memory.pagesPeak), static_cast<long>(memory.pages),
              static_cast<long>(memory.peakBytes + pageBytes));
  std::printf("stack: high water %lu of %lu bytes\n", static_cast<unsigned long>(board::stackHighWater()),
              static_cast<unsigned long>(board::stackBytes()));
  std::printf("C++ heap: high water %lu bytes\n", static_cast<unsigned long>(board::heapHighWater()));
}

int run(const char* database) {
  static firmware::FileDevice device;
  setDevicePort(device);
  useMemory();
  ConnectionPool db(configuration(database));
  const BaseRepository<Reading> readings(db);
  readings.createTable();
  const std::int64_t before = readings.count();
  record(db, readings);

  const auto hot =
      readings.findMany({.where = field(&Reading::sensor) == "boiler" && field(&Reading::value) > 29.0, .limit = 3});
  for (const Reading& reading : hot) {
    std::printf("boiler %.2f at tick %ld\n", reading.value, static_cast<long>(reading.tick));
  }
  const bool isWhole = readings.count() == before + kReadings && !hot.empty();
  const bool survived = outgrowMemory(db, readings);
  db.tick();  // Now and then: there is no thread that would.
  db.close();
  report();
  std::printf("%s\n", isWhole && survived ? "all is well" : "SOMETHING IS WRONG");
  return isWhole && survived ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc > 1 ? argv[1] : "readings.db");
  } catch (const Error& error) {
    std::printf("%s\nwhat helps: %s\n", error.what(), std::string(toText(error.recovery())).c_str());
    return 1;
  }
}
