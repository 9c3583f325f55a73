#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <holdfast/connection_pool.hpp>

#include "core/port/mutex.hpp"
#include "support/error_of.hpp"
#include "support/manual_clock.hpp"
#include "support/raw_sqlite.hpp"
#include "support/temp_directory.hpp"

namespace holdfast::test {

/// Values in a list: more than SQLite takes parameters, but for a board, whose memory they would not fit into.
inline constexpr int kLongList = kHasThreads ? 100'000 : 2'000;

/// Keeps the lines instead of writing them.
class RecordingLogger final : public Logger {
 public:
  void log(LogLevel, std::string_view, std::string_view message) noexcept override {
    const port::LockGuard lock(mutex_);
    lines_.emplace_back(message);
  }
  bool contains(std::string_view text) const {
    const port::LockGuard lock(mutex_);
    return std::any_of(lines_.begin(), lines_.end(),
                       [text](const std::string& line) { return line.find(text) != std::string::npos; });
  }

 private:
  mutable port::Mutex mutex_;
  std::vector<std::string> lines_;
};

/// Keeps every event of the pools that it listens to. Any thread.
class EventLog {
 public:
  void operator()(const Event& event) {
    const port::LockGuard lock(mutex_);
    events_.push_back(event);
  }
  std::vector<Event> all() const {
    const port::LockGuard lock(mutex_);
    return events_;
  }
  std::vector<Event> of(EventKind kind) const {
    std::vector<Event> result = all();
    std::erase_if(result, [kind](const Event& event) { return event.kind != kind; });
    return result;
  }
  std::size_t count(EventKind kind) const { return of(kind).size(); }
  /// The kinds in the order in which they came, by name.
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const Event& event : all()) result.emplace_back(toText(event.kind));
    return result;
  }
  void clear() {
    const port::LockGuard lock(mutex_);
    events_.clear();
  }

 private:
  mutable port::Mutex mutex_;
  std::vector<Event> events_;
};

/// A closed pool on a file of its own, with a clock that stands still and no housekeeping but tick().
struct PoolFixture {
  explicit PoolFixture(std::size_t poolSize = 4) {
    config.database = directory.file("test.db");
    config.poolSize = kHasThreads ? poolSize : 1;
    config.housekeeping = HousekeepingMode::Manual;
    config.clock = clock;
    config.logger = logger;
    config.memorySignals = false;  // What this machine suffers from is no matter of a test.
    pool.subscribe([events = events](const Event& event) { (*events)(event); });
  }

  void open() { pool.open(config); }
  /// Opens it with a table `item(id, name)` of `rows` rows.
  void openWithRows(int rows) {
    open();
    pool.run("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT)");
    pool.transaction([rows](Transaction& tx) {
      for (int i = 1; i <= rows; ++i) tx.run("INSERT INTO item(name) VALUES (?)", "item " + std::to_string(i));
    });
  }
  void reopen() {
    pool.close();
    open();
  }
  std::int64_t rows() { return pool.queryValue<std::int64_t>("SELECT count(*) FROM item").value_or(-1); }
  /// The names of all rows in the order of `column`, as another process sees them: "a b c".
  std::string names(const std::string& column = "id") const {
    return RawSqlite(config.database)
        .text("SELECT coalesce(group_concat(name, ' '), '') FROM (SELECT name FROM item ORDER BY " + column + ")");
  }
  bool isSound() const { return RawSqlite(config.database).text("PRAGMA integrity_check") == "ok"; }
  /// What a thread does that adds one row, in a transaction of its own.
  auto inserts(const std::string& name, const TransactionOptions& options = {}) {
    return [this, name, options] {
      pool.transaction([&](Transaction& tx) { tx.run("INSERT INTO item(name) VALUES (?)", name); }, options);
    };
  }

  TempDirectory directory;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<RecordingLogger> logger = std::make_shared<RecordingLogger>();
  std::shared_ptr<EventLog> events = std::make_shared<EventLog>();
  ConnectionConfig config;
  ConnectionPool pool;
};

#if !defined(HOLDFAST_TEST_ON_DEVICE)

/// A file that is not where it was, for as long as the object lives: no further handle can be opened, and the ones that
/// are open go on.
class MovedAway {
 public:
  explicit MovedAway(std::string path) : path_(std::move(path)) { std::filesystem::rename(path_, path_ + ".away"); }
  MovedAway(const MovedAway&) = delete;
  MovedAway& operator=(const MovedAway&) = delete;
  ~MovedAway() { putBack(); }
  void putBack() {
    std::error_code ignored;
    if (!std::exchange(back_, true)) std::filesystem::rename(path_ + ".away", path_, ignored);
  }

 private:
  std::string path_;
  bool back_ = false;
};

#endif

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace holdfast::test
