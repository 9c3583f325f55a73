// Processes killed while threads commit in groups: what was reported is there, and nothing is there by halves.
//
// HOLDFAST_KILLS says how often, 20 unless set.

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

constexpr int kWriters = 8;

int killsWanted() {
  const char* wanted = std::getenv("HOLDFAST_KILLS");
  return wanted == nullptr ? 20 : std::atoi(wanted);
}

/// Reports a tag in one write, which a pipe keeps whole.
void report(int pipe, std::int64_t tag) {
  if (::write(pipe, &tag, sizeof tag) != sizeof tag) ::_exit(1);
}

void writePair(Transaction& tx, std::int64_t tag) {
  tx.run("INSERT INTO pair(tag) VALUES (?)", tag);
  tx.run("INSERT INTO pair(tag) VALUES (?)", tag);
}

/// Commits for ever. Half of the threads now and then fail on purpose, one posts.
[[noreturn]] void writeForEver(const ConnectionConfig& config, int pipe, std::int64_t round) {
  ConnectionPool pool(config);
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (std::int64_t i = 0;; ++i) {
        const std::int64_t tag = (round * kWriters + writer) * 1'000'000 + i + 1;
        if (writer == 0) {
          pool.post([tag](Transaction& tx) { writePair(tx, tag); }).get();
        } else if (writer % 2 == 0 && i % 5 == 0) {
          // Torn on purpose: undone by an error after the first row.
          codeOf([&] {
            pool.transaction([tag](Transaction& tx) {
              tx.run("INSERT INTO pair(tag) VALUES (?)", tag);
              tx.run("not sql");
            });
          });
          continue;
        } else {
          pool.transaction([tag](Transaction& tx) { writePair(tx, tag); });
        }
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
  void add(std::int64_t value) {
    if (value > 0) tags.push_back(value);
    groups = std::max(groups, -value);
  }
};

/// Kills it after a number of reports and a moment more.
Reports runAndKill(const ConnectionConfig& config, std::int64_t round, int reports, std::chrono::microseconds more) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
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
  const auto end = std::chrono::steady_clock::now() + more;
  while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));  // Killed, not ended by an error of its own.
  while (::read(ends[0], &value, sizeof value) == sizeof value) result.add(value);
  ::close(ends[0]);
  return result;
}

}  // namespace

TEST_SUITE("reliability/group_kill") {
  TEST_CASE("a process killed in mid-group has kept every transaction that returned, and none by halves") {
    const int kills = killsWanted();
    // No watchdog: the children may start threads only where this process has none of its own (under ThreadSanitizer).
    TempDirectory directory;
    ConnectionConfig config;
    config.database = directory.file("test.db");
    config.postDelay = 1ms;
    config.logger = std::make_shared<RecordingLogger>();
    {
      ConnectionPool pool(config);
      pool.run("CREATE TABLE pair(id INTEGER PRIMARY KEY, tag INTEGER NOT NULL)");
      pool.run("CREATE INDEX tags ON pair(tag)");
    }
    std::mt19937 random(std::random_device{}());
    std::uniform_int_distribution<int> reports(1, 60);
    std::uniform_int_distribution<int> microseconds(0, 2000);
    std::size_t acknowledged = 0;
    std::int64_t groups = 0;
    for (int round = 0; round < kills; ++round) {
      CAPTURE(round);
      const Reports child = runAndKill(config, round, reports(random), std::chrono::microseconds(microseconds(random)));
      acknowledged += child.tags.size();
      groups += child.groups;
      RawSqlite raw(config.database);
      for (const std::int64_t tag : child.tags) {
        CHECK(raw.integer("SELECT count(*) FROM pair WHERE tag = " + std::to_string(tag)) == 2);
      }
      CHECK(raw.integer("SELECT count(*) FROM (SELECT 1 FROM pair GROUP BY tag HAVING count(*) <> 2)") == 0);
      CHECK(raw.text("PRAGMA integrity_check") == "ok");
      // The next child finds what a killed one leaves behind; now and then the table is emptied, to keep this quick.
      if (round % 20 == 19) raw.run("DELETE FROM pair");
    }
    MESSAGE(kills, " kills, ", acknowledged, " acknowledged transactions, at least ", groups, " shared commits");
    CHECK(acknowledged > 0);
    CHECK(groups > 0);
  }
}
