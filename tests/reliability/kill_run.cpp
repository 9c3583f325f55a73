#include "reliability/kill_run.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <stdexcept>
#include <thread>

#include <holdfast/connection_pool.hpp>

#include "support/no_logger.hpp"
#include "support/raw_sqlite.hpp"
#include "support/temp_directory.hpp"

namespace holdfast::test {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr int kWriters = 8;
constexpr std::int64_t kRoundFactor = 1'000'000;

/// Reports a tag in one write, which a pipe keeps whole.
void report(int pipe, std::int64_t tag) {
  if (::write(pipe, &tag, sizeof tag) != sizeof tag) ::_exit(1);
}

void writePair(Transaction& tx, std::int64_t tag) {
  tx.run("INSERT INTO pair(tag) VALUES (?)", tag);
  tx.run("INSERT INTO pair(tag) VALUES (?)", tag);
}

/// One transaction of a writer. Half of the threads now and then fail on purpose, one posts. Whether it is to be
/// reported.
bool writeOnce(ConnectionPool& pool, int writer, std::int64_t i, std::int64_t tag) {
  if (writer == 0) {
    pool.post([tag](Transaction& tx) { writePair(tx, tag); }).get();
  } else if (writer % 2 == 0 && i % 5 == 0) {
    // Torn on purpose: undone by an error after the first row.
    try {
      pool.transaction([tag](Transaction& tx) {
        tx.run("INSERT INTO pair(tag) VALUES (?)", tag);
        tx.run("not sql");
      });
    } catch (const Error&) {
    }
    return false;
  } else {
    pool.transaction([tag](Transaction& tx) { writePair(tx, tag); });
  }
  return true;
}

/// Commits for ever.
[[noreturn]] void writeForEver(const ConnectionConfig& config, int pipe, std::int64_t round) {
  ConnectionPool pool(config);
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (std::int64_t i = 0;; ++i) {
        const std::int64_t tag = (round * kWriters + writer) * kRoundFactor + i + 1;
        if (!writeOnce(pool, writer, i, tag)) continue;
        report(pipe, tag);
        if (writer == 1) report(pipe, -static_cast<std::int64_t>(pool.metrics().groupCommits));
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  ::_exit(2);
}

/// What a child had reported when it was killed: tags of transactions that returned, and how often some shared a
/// COMMIT.
struct Reports {
  std::vector<std::int64_t> tags;
  std::int64_t groups = 0;
  bool killed = false;
  void add(std::int64_t value) {
    if (value > 0) tags.push_back(value);
    groups = std::max(groups, -value);
  }
};

/// Kills it after a number of reports and a moment more.
Reports runAndKill(const ConnectionConfig& config, std::int64_t round, int reports, std::chrono::microseconds more) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    try {
      writeForEver(config, ends[1], round);
    } catch (...) {
      ::_exit(3);
    }
  }
  ::close(ends[1]);
  Reports result;
  std::int64_t value = 0;
  while (static_cast<int>(result.tags.size()) < reports && ::read(ends[0], &value, sizeof value) == sizeof value) {
    result.add(value);
  }
  const auto end = SteadyClock::now() + more;
  while (SteadyClock::now() < end) std::this_thread::yield();
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  result.killed = WIFSIGNALED(status);
  while (::read(ends[0], &value, sizeof value) == sizeof value) result.add(value);
  ::close(ends[0]);
  return result;
}

double recover(ConnectionConfig config) {
  config.housekeeping = HousekeepingMode::Manual;  // No thread: the next child is made by fork().
  const auto start = SteadyClock::now();
  ConnectionPool pool(config);
  pool.queryValue<std::int64_t>("SELECT count(*) FROM pair");
  const std::chrono::duration<double, std::milli> took = SteadyClock::now() - start;
  pool.close();
  return took.count();
}

void look(const ConnectionConfig& config, std::int64_t round, const Reports& child, KillReport& result) {
  RawSqlite raw(config.database);
  for (const std::int64_t tag : child.tags) {
    if (raw.integer("SELECT count(*) FROM pair WHERE tag = " + std::to_string(tag)) == 0) ++result.lost;
  }
  result.torn +=
      static_cast<int>(raw.integer("SELECT count(*) FROM (SELECT 1 FROM pair GROUP BY tag HAVING count(*) <> 2)"));
  const std::string most = std::to_string((round + 1) * kWriters * kRoundFactor);
  result.phantom += static_cast<int>(raw.integer("SELECT count(*) FROM pair WHERE tag < 1 OR tag > " + most));
  if (raw.text("PRAGMA integrity_check") != "ok") ++result.corrupt;
  // The next child finds what a killed one leaves behind; now and then the table is emptied, to keep this quick.
  if (round % 20 == 19) raw.run("DELETE FROM pair");
}

}  // namespace

double KillReport::slowestRecovery() const noexcept {
  return recoveryMilliseconds.empty() ? 0 : *std::max_element(recoveryMilliseconds.begin(), recoveryMilliseconds.end());
}

KillReport runKills(int kills, std::uint64_t seed, const std::function<void(const KillReport&)>& progress) {
  TempDirectory directory;
  ConnectionConfig config;
  config.database = directory.file("test.db");
  config.postDelay = 1ms;
  config.logger = std::make_shared<NoLogger>();
  {
    RawSqlite raw(config.database);
    raw.run("CREATE TABLE pair(id INTEGER PRIMARY KEY, tag INTEGER NOT NULL)");
    raw.run("CREATE INDEX tags ON pair(tag)");
  }
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<int> reports(1, 60);
  std::uniform_int_distribution<int> microseconds(0, 2000);
  KillReport result;
  for (std::int64_t round = 0; round < kills; ++round) {
    const Reports child = runAndKill(config, round, reports(random), std::chrono::microseconds(microseconds(random)));
    ++result.kills;
    result.acknowledged += static_cast<std::int64_t>(child.tags.size());
    result.sharedCommits += child.groups;
    if (!child.killed) ++result.ended;
    // Plain SQLite looks at what the kill left, at times after the engine has recovered it.
    if (round % 2 == 0) result.recoveryMilliseconds.push_back(recover(config));
    look(config, round, child, result);
    if (progress) progress(result);
  }
  return result;
}

}  // namespace holdfast::test
