// Reads rows whose pages are not in the cache, or writes rows, so many: what tools/checksum_cost counts the instructions of.
//   checksum_cost make|read|write bare|off|on <file> <times>
// `bare`: SQLite alone; `off`, `on`: a pool, without and with page checksums.
// 0: done; 1: could not; 2: bad usage.

#include <holdfast/connection_pool.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

#include "support/bare_sqlite.hpp"

namespace {

constexpr int kRows = 20'000;  // Of about 500 pages.
constexpr std::int64_t kCacheBytes = 64 * holdfast::KiB;
constexpr char kReadText[] = "SELECT length(value) FROM item WHERE id = ?";
constexpr char kWriteText[] = "UPDATE item SET value = zeroblob(80) WHERE id = ?";

holdfast::ConnectionConfig configOf(const std::string& file, std::string_view side) {
  holdfast::ConnectionConfig config;
  config.database = file;
  config.poolSize = 1;
  config.cacheSize = kCacheBytes;
  config.housekeeping = holdfast::HousekeepingMode::Manual;
  config.memorySignals = false;
  config.pageChecksums = side == "on";
  return config;
}

/// Far from each other.
int rowOf(int number) { return static_cast<int>(std::int64_t{number} * 7'919 % kRows) + 1; }

void make(const std::string& file, std::string_view side) {
  holdfast::ConnectionPool pool(configOf(file, side));
  pool.run("CREATE TABLE item(id INTEGER PRIMARY KEY, value BLOB)");
  pool.run(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
      "INSERT INTO item SELECT i, zeroblob(80) FROM n",
      kRows);
}

void runBare(std::string_view action, const std::string& file, int times) {
  const bench::BareHandle handle(file, {.cacheBytes = kCacheBytes});
  const bench::BareStatement statement(handle, action == "read" ? kReadText : kWriteText);
  for (int i = 0; i < times; ++i) {
    sqlite3_bind_int(statement.get(), 1, rowOf(i));
    const int code = sqlite3_step(statement.get());
    if (code != SQLITE_ROW && code != SQLITE_DONE) throw std::runtime_error("a statement failed");
    sqlite3_reset(statement.get());
  }
}

void runPool(std::string_view action, const std::string& file, std::string_view side, int times) {
  holdfast::ConnectionPool pool(configOf(file, side));
  for (int i = 0; i < times; ++i) {
    if (action == "read") {
      if (!pool.queryValue<int>(holdfast::Sql(kReadText), rowOf(i))) throw std::runtime_error("a row is not there");
    } else {
      pool.run(holdfast::Sql(kWriteText), rowOf(i));
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view action = argc == 5 ? argv[1] : "";
  const std::string_view side = argc == 5 ? argv[2] : "";
  const bool known =
      (action == "make" || action == "read" || action == "write") && (side == "bare" || side == "off" || side == "on");
  if (!known) {
    std::fputs("usage: checksum_cost make|read|write bare|off|on <file> <times>\n", stderr);
    return 2;
  }
  const std::string file = argv[3];
  const int times = std::atoi(argv[4]);
  try {
    if (action == "make") {
      make(file, side);
    } else if (side == "bare") {
      runBare(action, file, times);
    } else {
      runPool(action, file, side, times);
    }
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "checksum_cost: %s\n", failure.what());
    return 1;
  }
  return 0;
}
