#include "reliability/ledger.hpp"

#include <sqlite3.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

#include <holdfast/connection_pool.hpp>

#include "support/no_logger.hpp"
#include "support/page_sums.hpp"
#include "support/raw_sqlite.hpp"

namespace holdfast::test {
namespace {

using testing::Attempt;
using namespace std::chrono_literals;

constexpr int kAccounts = 8;
constexpr std::int64_t kBalance = 1000;

/// A transfer, all of which follows from its number.
struct Transfer {
  explicit Transfer(std::int64_t number, int textFactor = 1)
      : from(number * 7 % kAccounts + 1), to((number * 7 + number % 7 + 1) % kAccounts + 1), amount(number % 97 + 1) {
    text.assign(static_cast<std::size_t>(number * 37 % 700 * textFactor), static_cast<char>('a' + number % 26));
  }
  std::int64_t from;
  std::int64_t to;
  std::int64_t amount;
  std::string text;
};

void carryOut(Transaction& tx, std::int64_t number, int textFactor) {
  const Transfer transfer(number, textFactor);
  tx.run("UPDATE account SET balance = balance - ? WHERE id = ?", transfer.amount, transfer.from);
  tx.run("INSERT INTO entry(tag, account, amount, text) VALUES (?, ?, ?, ?)", number, transfer.from, -transfer.amount,
         transfer.text);
  tx.run("UPDATE account SET balance = balance + ? WHERE id = ?", transfer.amount, transfer.to);
  tx.run("INSERT INTO entry(tag, account, amount, text) VALUES (?, ?, ?, ?)", number, transfer.to, transfer.amount,
         transfer.text);
}

void makeTables(const std::string& database) {
  RawSqlite raw(database);
  raw.run("CREATE TABLE account(id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)");
  raw.run(
      "CREATE TABLE entry(id INTEGER PRIMARY KEY AUTOINCREMENT, tag INTEGER NOT NULL, account INTEGER NOT NULL, "
      "amount INTEGER NOT NULL, text TEXT NOT NULL)");
  raw.run("CREATE INDEX entry_by_tag ON entry(tag)");
  for (int i = 0; i < kAccounts; ++i) raw.run("INSERT INTO account(balance) VALUES (" + std::to_string(kBalance) + ")");
}

std::string backupOf(const std::string& database) { return database + ".backup"; }

ConnectionConfig configFor(const std::string& database, const LedgerOptions& options) {
  ConnectionConfig config;
  config.database = database;
  config.durability = options.durability;
  config.poolSize = options.poolSize;
  // Posted work that nobody else takes along needs the pool's own thread.
  config.housekeeping = options.writers > 1 ? HousekeepingMode::Thread : HousekeepingMode::Manual;
  config.postDelay = 1ms;
  config.memorySignals = false;
  config.openRetryDelay = 1ms;
  config.acquireTimeout = 2s;
  config.logger = std::make_shared<NoLogger>();
  config.cacheSize = options.cacheSize;
  config.carefulFlash = options.carefulFlash;
  if (options.backsUp) config.backup.path = backupOf(database);
  config.pageChecksums = options.pageChecksums;
  if (options.checkpointPages > 0) config.checkpointPages = options.checkpointPages;
  return config;
}

void work(Attempt& attempt, const LedgerOptions& options) {
  ConnectionPool pool(configFor(attempt.database(), options));
  const int factor = options.textFactor;
  const auto write = [&](int writer) {
    for (int i = 0; i < options.transactions; ++i) {
      const std::int64_t number = static_cast<std::int64_t>(writer) * 1'000'000 + i + 1;
      attempt.transaction(number, [&] {
        if (options.writers > 1 && writer == 0 && i % 2 == 0) {
          pool.post([number, factor](Transaction& tx) { carryOut(tx, number, factor); }, {.timeout = 500ms}).get();
        } else {
          pool.transaction([number, factor](Transaction& tx) { carryOut(tx, number, factor); });
        }
      });
      if (options.backsUp && writer == 0 && i == options.transactions / 2) pool.backup(backupOf(attempt.database()));
      if (i % 8 == 5) {
        try {
          pool.queryValue<std::int64_t>("SELECT sum(amount) FROM entry");
        } catch (const Error&) {  // Of the fault that is being tried.
        }
      }
    }
  };
  if (options.writers == 1) {
    write(0);
  } else {
    std::vector<std::thread> threads;
    for (int writer = 0; writer < options.writers; ++writer) threads.emplace_back(write, writer);
    for (std::thread& thread : threads) thread.join();
  }
  if (options.heals) {
    attempt.heal();
    constexpr std::int64_t kLast = 999'999'999;
    attempt.transaction(kLast, [&] { pool.transaction([factor](Transaction& tx) { carryOut(tx, kLast, factor); }); });
    pool.queryValue<std::int64_t>("SELECT count(*) FROM entry");
  }
  pool.close();
}

std::string wrongIn(sqlite3* handle, int textFactor) {
  if (rawInteger(handle, "SELECT sum(balance) FROM account") != kAccounts * kBalance) return "money was lost or made";
  if (rawInteger(handle, "SELECT count(*) FROM account WHERE balance <> " + std::to_string(kBalance) +
                             " + (SELECT coalesce(sum(amount), 0) FROM entry WHERE account = account.id)") != 0) {
    return "a balance does not follow from the entries";
  }
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(handle,
                     "SELECT tag, count(*), min(account), max(account), max(amount), min(text), max(text) "
                     "FROM entry GROUP BY tag",
                     -1, &statement, nullptr);
  std::string wrong;
  const auto text = [&](int column) {
    return std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, column)));
  };
  while (wrong.empty() && sqlite3_step(statement) == SQLITE_ROW) {
    const std::int64_t number = sqlite3_column_int64(statement, 0);
    const Transfer transfer(number, textFactor);
    const bool whole = sqlite3_column_int64(statement, 1) == 2 &&
                       sqlite3_column_int64(statement, 2) == std::min(transfer.from, transfer.to) &&
                       sqlite3_column_int64(statement, 3) == std::max(transfer.from, transfer.to) &&
                       sqlite3_column_int64(statement, 4) == transfer.amount && text(5) == transfer.text &&
                       text(6) == transfer.text;
    if (!whole) wrong = "transfer " + std::to_string(number) + " is there by halves or changed";
  }
  if (sqlite3_finalize(statement) != SQLITE_OK) wrong = sqlite3_errmsg(handle);
  return wrong;
}

std::vector<std::int64_t> numbersIn(sqlite3* handle) {
  std::vector<std::int64_t> numbers;
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(handle, "SELECT tag FROM entry GROUP BY tag ORDER BY min(id)", -1, &statement, nullptr);
  while (sqlite3_step(statement) == SQLITE_ROW) numbers.push_back(sqlite3_column_int64(statement, 0));
  if (sqlite3_finalize(statement) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(handle));
  return numbers;
}

/// What was committed before the last backup was made is there in any case.
std::string missingSinceBackup(sqlite3* handle) {
  constexpr const char* kCount = "SELECT count(*) FROM entry";
  std::string newest = backupOf(sqlite3_db_filename(handle, "main"));
  if (!std::filesystem::exists(newest)) newest += ".1";  // The cut came between the two renames.
  if (!std::filesystem::exists(newest)) return "there is no backup";
  RawSqlite backup(newest);
  return rawInteger(handle, kCount) < backup.integer(kCount) ? "less is there than in the backup" : "";
}

testing::Scenario base(const std::string& name, int textFactor) {
  testing::Scenario scenario;
  scenario.name = name;
  scenario.invariant = [textFactor](sqlite3* handle) { return wrongIn(handle, textFactor); };
  scenario.committed = numbersIn;
  return scenario;
}

void plainWork(Attempt& attempt, const std::string& journalMode, const std::string& synchronous) {
  RawSqlite raw(attempt.database());
  raw.text("PRAGMA journal_mode=" + journalMode);
  raw.run("PRAGMA synchronous=" + synchronous);
  raw.run("PRAGMA wal_autocheckpoint=16");
  for (std::int64_t number = 1; number <= 40; ++number) {
    attempt.transaction(number, [&] {
      const Transfer transfer(number);
      const auto entry = [&](std::int64_t account, std::int64_t amount) {
        const std::string values = std::to_string(number) + ", " + std::to_string(account) + ", " +
                                   std::to_string(amount) + ", '" + transfer.text + "')";
        raw.run("UPDATE account SET balance = balance + " + std::to_string(amount) +
                " WHERE id = " + std::to_string(account));
        raw.run("INSERT INTO entry(tag, account, amount, text) VALUES (" + values);
      };
      raw.run("BEGIN IMMEDIATE");
      entry(transfer.from, -transfer.amount);
      entry(transfer.to, transfer.amount);
      raw.run("COMMIT");
    });
  }
}

}  // namespace

testing::Scenario ledger(const std::string& name, const LedgerOptions& options) {
  testing::Scenario scenario = base(name, options.textFactor);
  scenario.setUp = [options](const std::string& database) {
    makeTables(database);
    LedgerOptions before = options;
    before.pageChecksums = options.pageChecksums && !options.addsChecksums;
    ConnectionPool pool(configFor(database, before));
    if (options.backsUp) pool.backup(backupOf(database));
    pool.close();  // From here on it uses the write-ahead log.
  };
  if (options.backsUp) {
    scenario.invariant = [factor = options.textFactor](sqlite3* handle) {
      const std::string wrong = wrongIn(handle, factor);
      return wrong.empty() ? missingSinceBackup(handle) : wrong;
    };
  }
  scenario.work = [options](Attempt& attempt) { work(attempt, options); };
  scenario.restart = [options](const std::string& database) {
    ConnectionPool pool(configFor(database, options));
    pool.queryValue<std::int64_t>("SELECT count(*) FROM entry");
    pool.close();
    if (options.pageChecksums && !pagesWithWrongSum(database).empty()) {
      throw std::runtime_error("a page has a wrong checksum");
    }
  };
  return scenario;
}

testing::Scenario plainLedger(const std::string& name, const std::string& journalMode, const std::string& synchronous) {
  testing::Scenario scenario = base(name, 1);
  scenario.setUp = [journalMode](const std::string& database) {
    makeTables(database);
    RawSqlite(database).text("PRAGMA journal_mode=" + journalMode);
  };
  scenario.work = [=](Attempt& attempt) { plainWork(attempt, journalMode, synchronous); };
  return scenario;
}

}  // namespace holdfast::test
