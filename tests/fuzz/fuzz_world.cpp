#include "fuzz/fuzz_world.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "support/no_logger.hpp"

using namespace std::chrono_literals;

namespace holdfast::test {
namespace {

constexpr int kGuardedRows = 7;

ConnectionConfig boundedConfig(const std::string& database) {
  ConnectionConfig config = fuzzConfig(database);
  config.memoryLimit = 16 * MiB;
  return config;
}

}  // namespace

ConnectionConfig fuzzConfig(const std::string& database) {
  ConnectionConfig config;
  config.database = database;
  config.poolSize = 2;
  config.durability = Durability::Off;
  config.housekeeping = HousekeepingMode::Manual;
  config.logger = std::make_shared<NoLogger>();
  return config;
}

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "not as it must be: %s\n", what);
  std::abort();
}

FuzzWorld& FuzzWorld::instance() {
  static FuzzWorld world;
  return world;
}

FuzzWorld::FuzzWorld() : pool_(boundedConfig(directory_.file("fuzz.db"))) {
  pool_.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT NOT NULL, amount REAL, tags TEXT, raw BLOB)");
  pool_.run("CREATE INDEX item_name ON item(name)");
  pool_.run("CREATE TABLE guarded(id INTEGER PRIMARY KEY, name TEXT)");
  for (int i = 0; i < kGuardedRows; ++i) pool_.run("INSERT INTO guarded(name) VALUES (?)", i);
  settle();
  schema_ = pool_.queryValue<std::int64_t>("PRAGMA schema_version").value();
}

void FuzzWorld::settle() {
  pool_.transaction([](Transaction& tx) {
    tx.run("DELETE FROM item");
    for (int i = 1; i <= 3; ++i) tx.run("INSERT INTO item(id, name, amount) VALUES (?, 'name', 1.5)", i);
  });
  require(pool_.queryValue<int>("SELECT count(*) FROM guarded WHERE name = id - 1") == kGuardedRows, "guarded rows");
  require(pool_.queryValue<int>("SELECT count(*) FROM sqlite_schema") == 3, "tables");
  if (schema_ != 0) require(pool_.queryValue<std::int64_t>("PRAGMA schema_version") == schema_, "the schema");
  require(pool_.metrics().activeConnections == 0, "handles are still out");
}

std::string anyName(FuzzedDataProvider& data) {
  static constexpr std::array kKnown{"item", "id", "name", "amount", "tags", "raw", "count(*)", "rowid", "*"};
  return data.ConsumeBool() ? std::string(data.PickValueInArray(kKnown)) : data.ConsumeRandomLengthString(40);
}

Operator anyOperator(FuzzedDataProvider& data) {
  return static_cast<Operator>(data.ConsumeIntegralInRange<int>(0, static_cast<int>(Operator::Glob)));
}

Value anyValue(FuzzedDataProvider& data) {
  switch (data.ConsumeIntegralInRange<int>(0, 4)) {
    case 0: return Value();
    case 1: return Value(data.ConsumeIntegral<std::int64_t>());
    case 2: return Value(data.ConsumeFloatingPoint<double>());
    case 3: {
      const std::vector<std::uint8_t> bytes = data.ConsumeBytes<std::uint8_t>(data.ConsumeIntegralInRange(0U, 30U));
      const auto* first = reinterpret_cast<const std::byte*>(bytes.data());
      return Value(Blob(first, first + bytes.size()));
    }
    default: return Value(data.ConsumeRandomLengthString(60));
  }
}

std::vector<Value> anyValues(FuzzedDataProvider& data) {
  std::vector<Value> values(data.ConsumeIntegralInRange<std::size_t>(0, 5));
  for (Value& value : values) value = anyValue(data);
  return values;
}

}  // namespace holdfast::test
