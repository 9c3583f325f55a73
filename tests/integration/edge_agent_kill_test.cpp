#include <doctest/doctest.h>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/raw_sqlite.hpp"
#include "support/temp_directory.hpp"

extern char** environ;

// These run the real program and kill it, so they take real time: nothing can be injected into a process that is to die
// without knowing it.

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using holdfast::test::RawSqlite;
using holdfast::test::TempDirectory;

std::string contentOf(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// The agent as a process of its own; what it says goes to `output`. Does not outlive the object.
class AgentProcess {
 public:
  AgentProcess(std::vector<std::string> arguments, const fs::path& output) {
    // An emulator with its arguments comes before it, where there is one.
    std::vector<std::string> command{EDGE_AGENT_COMMAND};
    arguments.insert(arguments.begin(), command.begin(), command.end());
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    const int error = posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::runtime_error("cannot start " + arguments.front());
  }
  AgentProcess(const AgentProcess&) = delete;
  AgentProcess& operator=(const AgentProcess&) = delete;
  ~AgentProcess() {
    if (pid_ > 0) kill(SIGKILL), wait();
  }

  void kill(int signal) const { ::kill(pid_, signal); }
  /// The exit code, or minus the signal that ended it.
  int wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
};

struct Acknowledged {
  std::string source;
  std::int64_t readings = 0;
};

/// By the number of the batch. Every line must be whole: each was one write.
std::map<std::int64_t, Acknowledged> acknowledgedIn(const fs::path& path) {
  std::map<std::int64_t, Acknowledged> batches;
  const std::string text = contentOf(path);
  REQUIRE((text.empty() || text.back() == '\n'));
  std::istringstream lines(text);
  std::string source;
  std::int64_t id = 0;
  std::int64_t readings = 0;
  while (lines >> source >> id >> readings) CHECK(batches.emplace(id, Acknowledged{source, readings}).second);
  CHECK(lines.eof());
  return batches;
}

constexpr int kSamplers = 6;

/// As fast as it goes, with a log so short that kills hit checkpoints too, and nothing deleted.
const char* const kFastConfig = R"({
  "agent": {
    "sources": {
      "cpu": {"interval": "2ms"}, "memory": {"interval": "2ms"}, "disk": {"interval": "3ms"},
      "network": {"interval": "3ms", "ignore": []}, "load": {"interval": "5ms"}, "process": {"interval": "5ms"}
    },
    "alarms": [
      {"name": "flicker", "series": "process/threads", "above": 1, "hold": "0ms"},
      {"name": "busy", "series": "cpu/*.busy", "above": 40, "hold": "10ms", "hysteresis": 10}
    ],
    "retention": {"maxAge": 0, "maxBytes": 0},
    "queries": {"interval": "20ms", "window": "5s"}
  },
  "database": {"poolSize": 4, "memoryLimit": "4MiB", "durability": "full", "checkpointPages": 64}
})";

struct Fixture {
  TempDirectory temporary;
  fs::path directory = temporary.path();
  fs::path config = directory / "config.json";
  fs::path acknowledge = directory / "acknowledged";
  fs::path output = directory / "output";
  fs::path database = directory / "data" / "edge_agent.db";

  Fixture() { write(kFastConfig); }
  void write(const std::string& text) const { std::ofstream(config) << text; }
  AgentProcess start(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"--config",      config.string(),
                                       "--directory",   (directory / "data").string(),
                                       "--acknowledge", acknowledge.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return AgentProcess(std::move(arguments), output);
  }
  /// The files as the dead process left them, elsewhere: the agent shall do its own recovery at the next start.
  fs::path copy() const {
    const fs::path target = directory / "copy.db";
    for (const char* suffix : {"", "-wal"}) {
      fs::remove(target.string() + suffix);
      if (fs::exists(database.string() + suffix)) fs::copy_file(database.string() + suffix, target.string() + suffix);
    }
    fs::remove(target.string() + "-shm");
    return target;
  }
};

std::uintmax_t sizeOf(const fs::path& path) {
  std::error_code missing;
  const std::uintmax_t size = fs::file_size(path, missing);
  return missing ? 0 : size;
}

/// Waits for the agent to have acknowledged so much, on a machine however busy.
void waitForAcknowledged(const Fixture& fixture, std::uintmax_t bytes) {
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (sizeOf(fixture.acknowledge) < bytes) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(2ms);
  }
}

/// Every acknowledged batch is there with all its rows, and so is every other one. Returns the number of batches.
std::int64_t checkWhole(RawSqlite& db, const std::map<std::int64_t, Acknowledged>& acknowledged) {
  CHECK(db.text("PRAGMA integrity_check") == "ok");
  CHECK(db.text("PRAGMA foreign_key_check").empty());
  CHECK(db.integer("SELECT count(*) FROM batch WHERE readings <>"
                   " (SELECT count(*) FROM sample WHERE batch_id = batch.id)") == 0);
  CHECK(db.integer("SELECT count(*) FROM sample WHERE batch_id NOT IN (SELECT id FROM batch)") == 0);
  CHECK(db.integer("SELECT count(*) - coalesce(max(id), 0) FROM batch") == 0);  // No gap: numbers run from 1.
  std::int64_t missing = 0;
  for (const auto& [id, batch] : acknowledged) {
    const std::string there = db.text(
        "SELECT source.name || ' ' || readings FROM batch JOIN source ON source.id = source_id WHERE batch.id = " +
        std::to_string(id));
    if (there != batch.source + " " + std::to_string(batch.readings)) ++missing;
  }
  CHECK(missing == 0);
  return db.integer("SELECT count(*) FROM batch");
}

}  // namespace

TEST_SUITE("integration/edge_agent_kill") {
  TEST_CASE("kill -9 loses nothing that was acknowledged and tears no batch") {
    Fixture fixture;
    const unsigned seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random(seed);
    constexpr int kRounds = 10;
    for (int round = 1; round <= kRounds; ++round) {
      CAPTURE(round);
      {
        AgentProcess agent = fixture.start();
        // Every third round dies while it starts and takes over the log of the round before, the others at work.
        if (round % 3 != 0) waitForAcknowledged(fixture, sizeOf(fixture.acknowledge) + 1);
        std::this_thread::sleep_for(std::chrono::milliseconds(std::uniform_int_distribution(0, 1500)(random)));
        agent.kill(SIGKILL);
        REQUIRE(agent.wait() == -SIGKILL);
      }
      CAPTURE(contentOf(fixture.output));
      const auto acknowledged = acknowledgedIn(fixture.acknowledge);
      RawSqlite copy(fixture.copy().string());
      const std::int64_t committed = checkWhole(copy, acknowledged);
      // Each sampler may die between its commit and its acknowledgement, no more than that.
      CHECK(committed - static_cast<std::int64_t>(acknowledged.size()) <= kSamplers * round);
    }

    CHECK(fixture.start({"--duration", "500ms"}).wait() == 0);
    const std::string said = contentOf(fixture.output);
    CAPTURE(said);
    RawSqlite db(fixture.database.string());
    checkWhole(db, acknowledgedIn(fixture.acknowledge));
    const std::int64_t killed = db.integer("SELECT count(*) FROM run WHERE clean = 0 AND ended_at IS NOT NULL");
    CHECK(killed >= kRounds - kRounds / 3);
    CHECK(killed <= kRounds);
    CHECK(db.integer("SELECT count(*) FROM run WHERE clean = 1") == 1);
    CHECK(said.find("did NOT end cleanly") != std::string::npos);
    const std::string readings = db.text(
        "SELECT sum(readings) FROM batch WHERE id >= (SELECT first_batch FROM run WHERE clean = 0 ORDER BY id DESC "
        "LIMIT 1)"
        " AND id < (SELECT first_batch FROM run WHERE clean = 1)");
    CHECK(said.find("has " + readings + " readings of it") != std::string::npos);
  }

  TEST_CASE("SIGTERM ends the agent with exit code 0, a clean run and everything in the database") {
    Fixture fixture;
    AgentProcess agent = fixture.start();
    waitForAcknowledged(fixture, 4096);
    agent.kill(SIGTERM);
    REQUIRE(agent.wait() == 0);

    CAPTURE(contentOf(fixture.output));
    CHECK(sizeOf(fixture.database.string() + "-wal") == 0);
    RawSqlite db(fixture.database.string());
    const auto acknowledged = acknowledgedIn(fixture.acknowledge);
    CHECK(checkWhole(db, acknowledged) == static_cast<std::int64_t>(acknowledged.size()));
    CHECK(db.text("SELECT count(*) || ' ' || sum(clean) || ' ' || count(ended_at) FROM run") == "1 1 1");
    CHECK(db.integer("SELECT count(*) FROM alarm WHERE rule = 'flicker' AND state = 'open'") == 1);

    const auto metrics = nlohmann::json::parse(contentOf(fixture.database.parent_path() / "edge_agent_metrics.json"));
    CHECK(metrics.at("clean") == true);
    CHECK(metrics.at("readings") == db.integer("SELECT count(*) FROM sample"));
    CHECK(metrics.at("pool").at("memoryPeakBytes") <= 4 * 1024 * 1024);
    CHECK(contentOf(fixture.output).find("ended cleanly after") != std::string::npos);
  }

  TEST_CASE("retention keeps the newest readings and deletes whole batches from the oldest on") {
    Fixture fixture;
    auto config = nlohmann::json::parse(kFastConfig);
    config["agent"]["retention"] = {{"maxAge", "1s"}, {"interval", "50ms"}, {"batchRows", 50}};
    fixture.write(config.dump());
    REQUIRE(fixture.start({"--duration", "3s"}).wait() == 0);
    CAPTURE(contentOf(fixture.output));
    RawSqlite db(fixture.database.string());
    CHECK(db.text("PRAGMA integrity_check") == "ok");
    CHECK(db.integer("SELECT count(*) FROM batch WHERE readings <>"
                     " (SELECT count(*) FROM sample WHERE batch_id = batch.id)") == 0);
    CHECK(db.integer("SELECT min(id) FROM batch") > 1);
    CHECK(db.integer("SELECT count(*) - (max(id) - min(id) + 1) FROM batch") == 0);
    const auto acknowledged = acknowledgedIn(fixture.acknowledge);
    CHECK(db.integer("SELECT max(id) FROM batch") == static_cast<std::int64_t>(acknowledged.size()));
    CHECK(db.integer("SELECT max(taken_at) - min(taken_at) FROM batch") <
          db.integer("SELECT ended_at - started_at FROM run") - 500);
  }

  TEST_CASE("a configuration that cannot be used ends with exit code 2 and names the key") {
    Fixture fixture;
    const std::vector<std::pair<const char*, const char*>> cases{
        {R"({"agent": {"sources": {"cpu": {"intervall": "1s"}}}})", "agent.sources.cpu.intervall"},
        {R"({"agent": {"sources": {"cpu": {"interval": "1 second"}}}})", "agent.sources.cpu.interval"},
        {R"({"agent": {"sources": {"cpu": {"interval": 0}}}})", "agent.sources.cpu.interval"},
        {R"({"agent": {"sources": {"gpu": {}}}})", "agent.sources.gpu"},
        {R"({"agent": {"alarms": [{"name": "x", "series": "cpu/*"}]}})", "agent.alarms[0].above"},
        {R"({"agent": {"retention": {"maxBytes": "1KiB"}}})", "agent.retention.maxBytes"},
        {R"({"agent": {"queries": {"top": 1.5}}})", "agent.queries.top"},
        {R"({"agents": {}})", "agents"},
        {R"({"database": {"poolSize": 0}})", "poolSize"},
        {R"({"database": {"poolsize": 2}})", "poolsize"},
        {R"({"database": {"database": "elsewhere.db"}})", "database.database"},
        {R"({"agent": )", "config.json"},
    };
    for (const auto& bad : cases) {
      CAPTURE(bad.first);
      fixture.write(bad.first);
      CHECK(fixture.start({"--duration", "0s"}).wait() == 2);
      const std::string said = contentOf(fixture.output);
      CAPTURE(said);
      CHECK(said.find(bad.second) != std::string::npos);
    }
    CHECK(fixture.start({"--no-such-option"}).wait() == 2);
    CHECK_FALSE(fs::exists(fixture.database));
  }
}
