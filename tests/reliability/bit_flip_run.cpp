#include "reliability/bit_flip_run.hpp"

#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <holdfast/connection_pool.hpp>

#include "support/child_process.hpp"
#include "support/damage.hpp"
#include "support/no_logger.hpp"
#include "support/raw_sqlite.hpp"
#include "support/temp_directory.hpp"

namespace holdfast::test {
namespace {

namespace fs = std::filesystem;

constexpr int kLoggedTransactions = 6;

ConnectionConfig configOf(const std::string& database, bool checksums) {
  ConnectionConfig config;
  config.database = database;
  config.pageChecksums = checksums;
  config.repairAtOpen = false;
  config.poolSize = 2;
  config.housekeeping = HousekeepingMode::Manual;
  config.memorySignals = false;
  config.acquireTimeout = std::chrono::milliseconds{100};
  config.openRetryDelay = std::chrono::milliseconds{1};
  config.logger = std::make_shared<NoLogger>();
  return config;
}

/// Everything that is in the database, by the way over tables and over indexes.
const std::vector<const char*>& questions() {
  static const std::vector<const char*> texts{
      "SELECT group_concat(id || ':' || name || ':' || amount, char(10)) FROM (SELECT * FROM item ORDER BY id)",
      "SELECT group_concat(name, char(10)) FROM (SELECT name FROM item INDEXED BY by_name ORDER BY name)",
      "SELECT group_concat(key || '=' || value, char(10)) FROM (SELECT * FROM setting ORDER BY key)",
      "SELECT group_concat(hex(content), char(10)) FROM (SELECT content FROM large ORDER BY id)"};
  return texts;
}

std::string contentOf(ConnectionPool& pool) {
  std::string all;
  for (const char* question : questions()) {
    all += pool.queryValue<std::string>(Sql::unchecked(question)).value_or("nothing") + "\n--\n";
  }
  return all;
}

std::string plainContentOf(const std::string& path) {
  RawSqlite raw(path);
  std::string all;
  for (const char* question : questions()) all += raw.text(question) + "\n--\n";
  return all;
}

/// A closed database, and one that was left in the midst of its work, with a log.
struct Originals {
  explicit Originals(const std::string& directory, bool checksums) {
    const std::string path = directory + "/original.db";
    const std::string left = directory + "/left.db";
    ConnectionPool pool(configOf(path, checksums));
    fill(pool);
    pool.checkpoint();
    for (int i = 0; i <= kLoggedTransactions; ++i) {
      if (i > 0) {
        pool.transaction([i](Transaction& tx) {
          tx.run("UPDATE item SET amount = amount + 1, name = name || ? WHERE id % 7 = ?", "+", i);
          tx.run("INSERT INTO setting VALUES (?, ?)", "logged " + std::to_string(i), i);
        });
      }
      contents.push_back(plainContentOf(path));
    }
    // By another process: closing a descriptor of an open database would drop this one's locks.
    inChild([&] {
      for (const char* suffix : {"", "-wal"}) fs::copy_file(path + suffix, left + suffix);
      return 0;
    });
    pool.close();
    closed = fileContent(path);
    file = fileContent(left);
    log = fileContent(left + "-wal");
    if (file.empty() || log.empty()) throw std::runtime_error("the originals could not be kept");
  }

  static void fill(ConnectionPool& pool) {
    pool.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT NOT NULL, amount INTEGER NOT NULL)");
    pool.run("CREATE INDEX by_name ON item(name)");
    pool.run("CREATE TABLE setting(key TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID");
    pool.run("CREATE TABLE large(id INTEGER PRIMARY KEY, content BLOB)");
    pool.run("CREATE TABLE gone(content BLOB)");
    pool.transaction([](Transaction& tx) {
      for (int i = 1; i <= 400; ++i) {
        tx.run("INSERT INTO item VALUES (?, ?, ?)", i,
               std::string(static_cast<std::size_t>(20 + i % 90), static_cast<char>('a' + i % 26)) + std::to_string(i),
               i * 37 % 1000);
      }
      for (int i = 0; i < 100; ++i) tx.run("INSERT INTO setting VALUES (?, ?)", "key " + std::to_string(i), i);
      for (std::size_t i = 1; i <= 4; ++i) {
        tx.run("INSERT INTO large(content) VALUES (?)", std::string(9'000 * i, static_cast<char>('p' + i)));
      }
      tx.run("INSERT INTO gone VALUES (zeroblob(40000))");
    });
    pool.run("DELETE FROM gone");  // Leaves unused pages.
  }

  std::vector<std::string> contents;  ///< After each of the transactions that are in the log.
  std::string closed;
  std::string file;
  std::string log;
};

class BitFlips {
 public:
  explicit BitFlips(const BitFlipOptions& options) : options_(options), random_(options.seed) {
    if (!options.directory.empty()) ::setenv("TMPDIR", options.directory.c_str(), 1);
    originals_ = std::make_unique<Originals>(directory_.path(), options.checksums);
  }

  BitFlipReport run() {
    while (report_.flips < options_.flips) {
      report_.flips % 4 == 3 ? flipInLog() : flipInFile();
      ++report_.flips;
      if (options_.progress) options_.progress(report_.flips);
    }
    return report_;
  }

 private:
  std::size_t bitOf(const std::string& content) {
    return std::uniform_int_distribution<std::size_t>(0, content.size() * 8 - 1)(random_);
  }
  static std::string flipped(std::string content, std::size_t bit) {
    content[bit / 8] = static_cast<char>(static_cast<unsigned char>(content[bit / 8]) ^ (1U << bit % 8));
    return content;
  }

  void flipInFile() {
    const std::size_t bit = bitOf(originals_->closed);
    fs::remove(path_ + "-wal");
    writeFile(path_, flipped(originals_->closed, bit));
    judge(bit, "the file", [this](const std::string& content) { return content == originals_->contents.back(); });
  }

  void flipInLog() {
    const std::size_t bit = bitOf(originals_->log);
    writeFile(path_, originals_->file);
    writeFile(path_ + "-wal", flipped(originals_->log, bit));
    judge(bit, "the log", [this](const std::string& content) {
      if (content == originals_->contents.back()) return true;
      for (const std::string& earlier : originals_->contents) {
        if (content != earlier) continue;
        ++report_.cutLogs;
        --report_.harmless;  // Which the caller counts it for.
        return true;
      }
      return false;
    });
  }

  template <typename IsRight>
  void judge(std::size_t bit, const char* where, IsRight isRight) {
    for (const char* suffix : {"-shm", "-journal"}) fs::remove(path_ + suffix);
    try {
      ConnectionPool pool(configOf(path_, options_.checksums));
      const bool right = isRight(contentOf(pool));
      ++(right ? report_.harmless : report_.wrong);
      if (!right) note(bit, where, "wrong data");
    } catch (const Error& error) {
      const bool named = error.code() == ErrorCode::Corrupt || error.code() == ErrorCode::NotADatabase;
      ++(named ? report_.reported : report_.misnamed);
      if (!named) note(bit, where, error.what());
    }
  }

  void note(std::size_t bit, const char* where, const std::string& what) {
    if (report_.first.empty()) report_.first = "bit " + std::to_string(bit) + " of " + where + ": " + what;
  }

  BitFlipOptions options_;
  std::mt19937_64 random_;
  TempDirectory directory_;
  const std::string path_ = directory_.file("flipped.db");
  std::unique_ptr<Originals> originals_;
  BitFlipReport report_;
};

}  // namespace

BitFlipReport runBitFlips(const BitFlipOptions& options) { return BitFlips(options).run(); }

}  // namespace holdfast::test
