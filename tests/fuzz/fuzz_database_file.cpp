// A database file, its log and its journal with any bytes changed: open() answers with a pool or with an Error, in time,
// and what it replaced is kept beside it.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "fuzz/fuzz_world.hpp"
#include "support/raw_sqlite.hpp"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

std::string bytesOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

struct Files {
  std::string database;
  std::string log;
};

/// As a process leaves them that is killed.
Files makeFiles() {
  const TempDirectory directory;
  const std::string path = directory.file("made.db");
  RawSqlite file(path);
  file.run("PRAGMA page_size=1024");
  file.run("PRAGMA journal_mode=WAL");
  file.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT NOT NULL, body TEXT)");
  file.run("CREATE INDEX item_name ON item(name)");
  file.run("CREATE TRIGGER hostile AFTER INSERT ON item BEGIN DELETE FROM item; END");
  file.run(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) "
      "INSERT INTO item SELECT i, 'name ' || i, printf('%0150d', i) FROM n");
  file.run("PRAGMA wal_checkpoint");
  file.run("UPDATE item SET body = 'new' WHERE id % 7 = 0");
  return {bytesOf(path), bytesOf(path + "-wal")};
}

void change(std::string& bytes, FuzzedDataProvider& data) {
  for (int i = data.ConsumeIntegralInRange(0, 8); i > 0 && !bytes.empty(); --i) {
    const auto at = data.ConsumeIntegralInRange<std::size_t>(0, bytes.size() - 1);
    const std::string piece = data.ConsumeRandomLengthString(32);
    bytes.replace(at, std::min(piece.size(), bytes.size() - at), piece);
  }
  if (data.ConsumeBool()) bytes.resize(data.ConsumeIntegralInRange<std::size_t>(0, bytes.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const Files made = makeFiles();
  FuzzedDataProvider data(bytes, size);
  const TempDirectory directory;
  ConnectionConfig config = fuzzConfig(directory.file("fuzz.db"));
  config.checkAtOpen = data.ConsumeBool() ? OpenCheck::Always : OpenCheck::AfterCrash;
  config.repairAtOpen = data.ConsumeBool();
  config.checkAtOpenLimit = 2s;
  Files files = made;
  change(files.database, data);
  change(files.log, data);
  write(config.database, files.database);
  if (data.ConsumeBool()) write(config.database + "-wal", files.log);
  if (data.ConsumeBool()) write(config.database + "-journal", data.ConsumeRandomLengthString(1200));
  try {
    ConnectionPool pool;
    const OpenReport opened = pool.open(config);
    for (const std::string& kept : opened.recovery.quarantined) require(fs::exists(kept), "what was replaced is kept");
    if (opened.recovery.action == RecoveryAction::Salvaged || opened.recovery.action == RecoveryAction::Restored) {
      require(!opened.recovery.quarantined.empty(), "what was replaced is named");
    }
    pool.query("SELECT id, name, length(body) FROM item WHERE id < 100 LIMIT 200");
    pool.run("INSERT INTO item(name) VALUES ('new')");
    pool.close();
  } catch (const Error& error) {
    require(!std::string(error.what()).empty(), "an Error says nothing");
    require(fs::exists(config.database), "the file stays where it cannot be opened");
  }
  return 0;
}
