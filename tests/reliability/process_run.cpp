#include "reliability/process_run.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <holdfast/connection_pool.hpp>

#include "support/no_logger.hpp"
#include "support/raw_sqlite.hpp"
#include "support/temp_directory.hpp"

namespace holdfast::test {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr int kCounters = 16;

/// What a process says when it is done.
struct Said {
  std::int64_t acknowledged = 0;
  std::int64_t refused = 0;
  double longest = 0;
  double longestOwn = 0;
};

void increment(Transaction& tx, std::int64_t counter) {
  const auto value = tx.queryValue<std::int64_t>("SELECT value FROM counter WHERE id = ?", counter).value();
  tx.run("UPDATE counter SET value = ? WHERE id = ?", value + 1, counter);
}

/// False where others were in the way for too long. Any other error ends the process.
bool tryIncrement(ConnectionPool& pool, std::int64_t counter) {
  try {
    pool.transaction([counter](Transaction& tx) { increment(tx, counter); });
    return true;
  } catch (const Error& error) {
    if (error.category() != ErrorCategory::Contention) ::_exit(4);
    return false;
  }
}

Said countUp(const ConnectionConfig& config, int threads, std::chrono::milliseconds time, int process) {
  ConnectionPool pool(config);
  Said said;
  std::mutex mutex;
  std::vector<std::thread> workers;
  const auto end = SteadyClock::now() + time;
  for (int thread = 0; thread < threads; ++thread) {
    workers.emplace_back([&, thread] {
      Said own;
      for (std::int64_t i = process + thread; SteadyClock::now() < end; ++i) {
        const auto start = SteadyClock::now();
        const bool done = tryIncrement(pool, i % kCounters + 1);
        const std::chrono::duration<double, std::milli> took = SteadyClock::now() - start;
        own.longest = std::max(own.longest, took.count());
        ++(done ? own.acknowledged : own.refused);
      }
      const std::lock_guard lock(mutex);
      said.acknowledged += own.acknowledged;
      said.refused += own.refused;
      said.longest = std::max(said.longest, own.longest);
    });
  }
  for (std::thread& worker : workers) worker.join();
  said.longestOwn = std::chrono::duration<double, std::milli>(pool.metrics().queueLatency.max).count();
  pool.close();
  return said;
}

[[noreturn]] void beProcess(const ConnectionConfig& config, int threads, std::chrono::milliseconds time, int process,
                            int pipe) {
  try {
    const Said said = countUp(config, threads, time, process);
    ::_exit(::write(pipe, &said, sizeof said) == sizeof said ? 0 : 1);
  } catch (...) {
    ::_exit(3);
  }
}

void add(const Said& said, ProcessReport& report) {
  report.acknowledged += said.acknowledged;
  report.refused += said.refused;
  report.longestMilliseconds = std::max(report.longestMilliseconds, said.longest);
  report.longestOwnMilliseconds = std::max(report.longestOwnMilliseconds, said.longestOwn);
}

}  // namespace

ProcessReport runProcesses(int processes, int threads, std::chrono::milliseconds time) {
  TempDirectory directory;
  ConnectionConfig config;
  config.database = directory.file("test.db");
  config.logger = std::make_shared<NoLogger>();
  {
    RawSqlite raw(config.database);
    raw.run("CREATE TABLE counter(id INTEGER PRIMARY KEY, value INTEGER NOT NULL)");
    for (int i = 0; i < kCounters; ++i) raw.run("INSERT INTO counter(value) VALUES (0)");
  }
  ProcessReport report;
  report.processes = processes;
  report.threads = threads;
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
  std::vector<pid_t> children;
  for (int process = 0; process < processes; ++process) {
    const pid_t child = ::fork();
    if (child == 0) beProcess(config, threads, time, process, ends[1]);
    children.push_back(child);
  }
  ::close(ends[1]);
  Said said;
  while (::read(ends[0], &said, sizeof said) == sizeof said) add(said, report);
  ::close(ends[0]);
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) ++report.ended;
  }
  RawSqlite raw(config.database);
  report.found = raw.integer("SELECT sum(value) FROM counter");
  report.sound = raw.text("PRAGMA integrity_check") == "ok";
  return report;
}

}  // namespace holdfast::test
