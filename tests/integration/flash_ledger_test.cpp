// The ledger of what is written: what it counts, and how it is kept.

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include <holdfast/units.hpp>

#include "support/faulty_vfs.hpp"
#include "support/pool_fixture.hpp"

#if HOLDFAST_JSON
#include <nlohmann/json.hpp>
#endif

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;
using holdfast::testing::FaultyDisk;
namespace fs = std::filesystem;

namespace {

struct Kept : PoolFixture {
  Kept() : PoolFixture(2) { config.flashLedger = true; }
  FlashReport report() { return pool.flashReport(); }
  std::string file() const { return config.database + "-flash"; }
  void write(std::int64_t bytes) { pool.run("INSERT INTO item(name) VALUES (zeroblob(?))", bytes); }
};

}  // namespace

TEST_SUITE("integration/flash_ledger") {
  TEST_CASE("what a commit writes and syncs is counted for the log, a checkpoint's for both files") {
    PoolFixture f(2);
    f.openWithRows(3);
    const FlashFiles before = f.pool.flashReport().total;
    CHECK(before.log.bytes > 0);
    f.pool.run("INSERT INTO item(name) VALUES ('one')");
    FlashFiles after = f.pool.flashReport().total;
    CHECK(after.log.bytes - before.log.bytes >= 4096);
    CHECK(after.log.bytes - before.log.bytes < 3 * 4200);
    CHECK(after.log.syncs - before.log.syncs == 1);
    CHECK(after.database.bytes == before.database.bytes);
    f.pool.checkpoint();
    after = f.pool.flashReport().total;
    CHECK(after.database.bytes - before.database.bytes >= 4096);
    CHECK(after.database.syncs > before.database.syncs);
    CHECK(f.pool.flashReport().problem.empty());
  }

  TEST_CASE("the counts agree with what the file layer below saw") {
    FaultyDisk disk;
    PoolFixture f(2);
    f.openWithRows(30);
    f.pool.checkpoint();
    const FlashFiles total = f.pool.flashReport().total;
    CHECK(total.log.syncs == static_cast<std::uint64_t>(disk.syncs(FileRole::Log)));
    CHECK(total.database.syncs == static_cast<std::uint64_t>(disk.syncs(FileRole::Database)));
    const std::uint64_t before = total.log.bytes;
    disk.fail({.role = FileRole::Log, .action = FileAction::Write, .times = testing::IoFault::kForEver});
    CHECK(codeOf([&] { f.pool.run("DELETE FROM item"); }).has_value());
    CHECK(f.pool.flashReport().total.log.bytes == before);  // What failed was not written.
    disk.heal();
  }

  TEST_CASE("temporary files are counted as others") {
    PoolFixture f(2);
    f.config.cacheSize = 16 * KiB;
    f.openWithRows(0);
    f.pool.transaction([](Transaction& tx) {
      for (int i = 0; i < 3000; ++i) tx.run("INSERT INTO item(name) VALUES (hex(randomblob(500)))");
    });
    f.pool.query("SELECT name FROM item ORDER BY name");
    CHECK(f.pool.flashReport().total.other.bytes > 0);
  }

  TEST_CASE("a database that was never opened has no ledger, and one that is not kept begins anew") {
    PoolFixture f(2);
    CHECK(f.pool.flashReport().days.empty());
    f.openWithRows(3);
    CHECK(f.pool.flashReport().total.bytes() > 0);
    f.pool.close();
    CHECK_FALSE(fs::exists(f.config.database + "-flash"));
    f.open();
    CHECK(f.pool.flashReport().total.log.bytes < 4096);
  }

  TEST_CASE("the account goes on after a restart, and a day does over restarts") {
    Kept f;
    f.openWithRows(3);
    f.clock->advance(20h);
    const std::uint64_t bytes = f.report().total.bytes();
    f.pool.close();
    CHECK(fs::file_size(f.file()) <= 2 * 4096);
    CHECK((fs::status(f.file()).permissions() & fs::perms::all) == (fs::perms::owner_read | fs::perms::owner_write));
    f.open();
    FlashReport report = f.report();
    CHECK(report.total.bytes() >= bytes + 4096);  // The record counts itself, and closing writes.
    CHECK(report.runningTime == 20h);
    CHECK(report.days.size() == 1);
    f.clock->advance(5h);
    f.pool.tick();
    report = f.report();
    CHECK(report.days.size() == 2);
    CHECK(report.dayTime == 1h);
    CHECK(report.bytesPerDay > 0);
  }

  TEST_CASE("the ledger is written once for each 4 MiB and day, not at each round") {
    Kept f;
    f.openWithRows(0);
    const auto own = [&] { return f.report().total.other.syncs; };
    const std::uint64_t before = own();
    for (int i = 0; i < 20; ++i) {
      f.write(10'000);
      f.clock->advance(10s);
      f.pool.tick();
    }
    CHECK(own() == before);
    f.write(5'000'000);
    f.pool.tick();
    f.pool.tick();
    CHECK(own() == before + 1);
    f.clock->advance(24h);
    f.pool.tick();
    f.pool.tick();
    CHECK(own() == before + 2);
  }

  TEST_CASE("running time alone is taken down at close after an hour") {
    Kept f;
    f.openWithRows(0);
    f.reopen();
    f.reopen();
    f.clock->advance(2h);
    f.reopen();
    CHECK(f.report().runningTime == 2h);
  }

  TEST_CASE("a record that a power cut has torn leaves the one before") {
    Kept f;
    f.openWithRows(3);
    f.reopen();
    const std::uint64_t first = f.report().total.bytes();
    f.pool.run("INSERT INTO item(name) VALUES ('more')");
    f.pool.close();
    {
      std::fstream file(f.file(), std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(500);  // The record in the first page is the second one.
      file << "torn";
    }
    const OpenReport opened = f.pool.open(f.config);
    CHECK(opened.warnings.empty());
    CHECK(f.report().total.bytes() <= first + 4096);
    CHECK(f.report().total.bytes() > 0);
  }

  TEST_CASE("a file that is no ledger is said to be none, and replaced by one") {
    Kept f;
    std::ofstream(f.file()) << std::string(8192, 'x');
    const OpenReport opened = f.pool.open(f.config);
    REQUIRE(opened.warnings.size() == 1);
    CHECK(contains(opened.warnings[0], "no ledger"));
    f.pool.run("CREATE TABLE item(x)");
    f.pool.close();
    CHECK(f.pool.open(f.config).warnings.empty());
    CHECK(f.report().total.bytes() > 0);
  }

  TEST_CASE("a ledger that cannot be kept is reported and counts on") {
    Kept f;
    fs::create_directory(f.file());
    const OpenReport opened = f.pool.open(f.config);
    CHECK(opened.warnings.size() == 1);
    f.pool.run("CREATE TABLE item(x)");
    f.clock->advance(24h);
    f.pool.tick();
    CHECK(contains(f.report().problem, "-flash"));
    CHECK(f.report().total.bytes() > 0);
  }

  TEST_CASE("a day over its budget is told once") {
    PoolFixture f(2);
    f.config.flashDailyBudget = 100'000;
    f.openWithRows(0);
    f.pool.tick();
    CHECK(f.events->count(EventKind::FlashOverBudget) == 0);
    f.pool.run("INSERT INTO item(name) VALUES (zeroblob(200000))");
    f.pool.tick();
    f.pool.tick();
    REQUIRE(f.events->count(EventKind::FlashOverBudget) == 1);
    CHECK(contains(f.events->of(EventKind::FlashOverBudget)[0].detail, "flashDailyBudget"));
    CHECK(f.pool.flashReport().overBudget);
    f.clock->advance(24h);
    f.pool.tick();
    CHECK_FALSE(f.pool.flashReport().overBudget);
    f.pool.run("INSERT INTO item(name) VALUES (zeroblob(200000))");
    f.pool.tick();
    CHECK(f.events->count(EventKind::FlashOverBudget) == 2);
  }

  TEST_CASE("how long the medium lasts is reckoned from what it is rated for") {
    PoolFixture f(2);
    f.config.flashEndurance = 100 * MiB;
    f.openWithRows(0);
    f.pool.run("INSERT INTO item(name) VALUES (zeroblob(1000000))");
    CHECK_FALSE(f.pool.flashReport().daysLeft);
    f.clock->advance(12h);
    const FlashReport report = f.pool.flashReport();
    REQUIRE(report.daysLeft);
    CHECK(*report.daysLeft > 40);
    CHECK(*report.daysLeft < 55);
    CHECK(report.enduranceUsed > 0.009);
  }

#if HOLDFAST_JSON
  TEST_CASE("the report is told in JSON") {
    PoolFixture f(2);
    f.config.flashEndurance = GiB;
    f.openWithRows(3);
    nlohmann::json json = toJson(f.pool.flashReport());
    CHECK(json["total"]["log"]["bytes"].get<std::int64_t>() > 0);
    CHECK(json["days"].size() == 1);
    CHECK(json["daysLeft"] == nullptr);
    CHECK(json["endurance"] == GiB);
    f.clock->advance(2h);
    json = toJson(f.pool.flashReport());
    CHECK(json["daysLeft"].get<double>() > 0);
    CHECK(json["runningMilliseconds"] == 7'200'000);
  }
#endif
}
