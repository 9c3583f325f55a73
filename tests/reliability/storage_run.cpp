#include "reliability/storage_run.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <random>

#include <holdfast/connection_pool.hpp>
#include <holdfast/testing/faulty_disk.hpp>

#include "support/damage.hpp"
#include "support/no_logger.hpp"
#include "support/raw_sqlite.hpp"
#include "support/small_file_system.hpp"
#include "support/temp_directory.hpp"
#include "support/threads.hpp"

namespace holdfast::test {
namespace {

using namespace std::chrono_literals;

class Round {
 public:
  Round(const SmallFileSystem& medium, testing::FaultyDisk& disk, std::uint64_t number, StorageReport& report)
      : medium_(medium), disk_(disk), number_(number), report_(report) {
    ConnectionConfig config;
    config.database = path_ = medium.file("test.db");
    config.poolSize = 2;
    config.minPoolSize = 2;  // Reads go on by the handles that there are.
    config.housekeeping = HousekeepingMode::Manual;
    config.checkpointPages = 16;
    config.openRetryDelay = 1ms;
    config.memorySignals = false;
    config.logger = std::make_shared<NoLogger>();
    pool_.open(config);
    pool_.run("CREATE TABLE item(tag INTEGER PRIMARY KEY, content BLOB)");
  }

  void run(std::mt19937_64& random) {
    writeSome();
    std::array<void (Round::*)(), 3> faults{&Round::fillUp, &Round::takeWritesAway, &Round::takeMediumAway};
    std::shuffle(faults.begin(), faults.end(), random);
    for (const auto fault : faults) {
      (this->*fault)();
      if (!eventually([this] { return write(); })) this->fault("writes do not go on");
      if (pool_.storageState() != StorageState::Ok) this->fault("the storage is not well again");
      writeSome();
    }
    pool_.close();
    look();
  }

 private:
  void fault(const std::string& what) { report_.faults.push_back("round " + std::to_string(number_) + ": " + what); }

  bool write(std::size_t bytes = 200) {
    const std::int64_t tag = ++last_;
    try {
      pool_.run("INSERT INTO item VALUES (?, zeroblob(?))", tag, static_cast<std::int64_t>(bytes));
      acknowledged_.push_back(tag);
      ++report_.acknowledged;
      return true;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::OutcomeUnknown) refused_.push_back(tag);
      ++report_.refused;
      return false;
    }
  }
  void writeSome() {
    for (int i = 0; i < 20; ++i) write();
  }

  void expect(StorageState state) {
    if (pool_.storageState() != state) {
      fault("the storage is " + std::string(toText(pool_.storageState())) + " and should be " +
            std::string(toText(state)));
    }
    try {
      if (pool_.queryValue<std::int64_t>("SELECT count(*) FROM item").value_or(0) == 0) fault("nothing can be read");
    } catch (const Error& error) {
      fault(std::string("reads do not go on: ") + error.what());
    }
    for (int i = 0; i < 5; ++i) {
      if (write(100'000)) fault("a write was acknowledged");
    }
  }

  void fillUp() {
    writeFile(medium_.file("ballast"), std::string(4 * 1024 * 1024, 'x'));
    if (!eventually([this] { return !write(20'000); })) fault("it does not fill up");
    expect(StorageState::Full);
    std::filesystem::remove(medium_.file("ballast"));
  }

  void takeWritesAway() {
    disk_.fail({.failure = testing::Failure::ReadOnly, .times = testing::IoFault::kForEver});
    write();
    expect(StorageState::ReadOnly);
    disk_.heal();
  }

  void takeMediumAway() {
    if (!medium_.cover()) return fault("the medium cannot be covered");
    write();
    if (pool_.storageState() != StorageState::Gone) fault("it is not noticed that the medium has gone");
    for (int i = 0; i < 5; ++i) {
      if (write()) fault("a write was acknowledged while the medium was away");
    }
    medium_.uncover();
  }

  void look() {
    RawSqlite raw(path_);
    if (raw.text("PRAGMA integrity_check") != "ok") fault("the database is damaged");
    const auto isThere = [&](std::int64_t tag) {
      return raw.integer("SELECT count(*) FROM item WHERE tag = " + std::to_string(tag)) == 1;
    };
    for (const std::int64_t tag : acknowledged_) {
      if (!isThere(tag)) fault("row " + std::to_string(tag) + " was acknowledged and is not there");
    }
    for (const std::int64_t tag : refused_) {
      if (isThere(tag)) fault("row " + std::to_string(tag) + " was refused and is there");
    }
  }

  const SmallFileSystem& medium_;
  testing::FaultyDisk& disk_;
  const std::uint64_t number_;
  StorageReport& report_;
  std::string path_;
  std::int64_t last_ = 0;
  std::vector<std::int64_t> acknowledged_;
  std::vector<std::int64_t> refused_;
  ConnectionPool pool_;
};

}  // namespace

StorageReport runStorage(std::uint64_t rounds, std::uint64_t seed, const std::function<void(std::uint64_t)>& progress) {
  StorageReport report;
  std::mt19937_64 random(seed);
  testing::FaultyDisk disk;
  for (std::uint64_t number = 0; number < rounds; ++number) {
    const TempDirectory directory;
    const SmallFileSystem medium(directory.file("medium"), "2m");
    report.possible = static_cast<bool>(medium);
    if (!report.possible) return report;
    try {
      Round(medium, disk, number, report).run(random);
    } catch (const std::exception& failure) {
      report.faults.push_back("round " + std::to_string(number) + ": " + failure.what());
    }
    disk.heal();
    ++report.rounds;
    if (progress) progress(report.rounds);
  }
  return report;
}

}  // namespace holdfast::test
