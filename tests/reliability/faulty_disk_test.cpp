// One disk that fails, one that is recorded, and what the oracle makes of what it finds.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <cerrno>
#include <random>
#include <set>

#include <holdfast/testing/faulty_disk.hpp>
#include <holdfast/testing/power_cut.hpp>

#include "support/error_of.hpp"
#include "support/raw_sqlite.hpp"
#include "support/temp_directory.hpp"
#include "testing/oracle.hpp"
#include "testing/workspace.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;
using namespace holdfast::testing;

namespace {

struct SmallDatabase {
  SmallDatabase() : database(directory.file("test.db")) { RawSqlite(database).run("CREATE TABLE t(x)"); }
  TempDirectory directory;
  std::string database;
};

Operation operation(Operation::Kind kind, std::size_t file = 0, std::int64_t offset = 0, std::string bytes = {}) {
  Operation result;
  result.kind = kind;
  result.file = file;
  result.offset = offset;
  result.bytes = std::move(bytes);
  result.name = "f" + std::to_string(file);
  return result;
}

/// What is left of "f0" over many cuts.
std::set<std::string> left(const std::vector<Operation>& operations, const Device& device = {.noise = false}) {
  const Recording recording{{{"f0", std::string(1024, '.')}}, {}};
  DiskModel model(recording);
  for (const Operation& done : operations) model.apply(done);
  std::set<std::string> result;
  std::mt19937_64 random(7);
  for (int i = 0; i < 300; ++i) {
    const Files files = model.cut(device, random, nullptr);
    result.insert(files.contains("f0") ? files.at("f0") : "gone");
  }
  return result;
}

using Kind = Operation::Kind;
using Mark = Attempt::Mark;

}  // namespace

TEST_SUITE("reliability/faulty_disk") {
  TEST_CASE("a full disk refuses writes, says why, and works again once it is healed") {
    SmallDatabase table;
    FaultyDisk disk;
    RawSqlite raw(table.database);
    disk.fail({.failure = Failure::NoSpace, .times = IoFault::kForEver});
    CHECK((raw.tryRun("INSERT INTO t VALUES (1)") & 0xff) != SQLITE_OK);
    CHECK(disk.refused() > 0);
    CHECK(disk.concerned() == disk.refused());
    CHECK(sqlite3_system_errno(raw.handle()) == ENOSPC);
    CHECK(raw.integer("SELECT count(*) FROM t") == 0);
    disk.heal();
    raw.run("INSERT INTO t VALUES (1)");
    CHECK(disk.openFiles() > 0);
    CHECK(disk.syncs(FileRole::Database) > 0);
  }

  TEST_CASE("each way of failing is the one that was asked for") {
    SmallDatabase table;
    RawSqlite(table.database).run("INSERT INTO t VALUES (zeroblob(100))");
    FaultyDisk disk;
    {
      RawSqlite raw(table.database);
      disk.fail({.failure = Failure::FailedSync});
      CHECK(raw.tryRun("INSERT INTO t VALUES (1)") == SQLITE_IOERR);
      disk.fail({.failure = Failure::HalfWrite, .role = FileRole::Journal});
      CHECK(raw.tryRun("INSERT INTO t VALUES (1)") == SQLITE_IOERR);
      disk.fail({.failure = Failure::IoError, .action = FileAction::Delete});
      CHECK(raw.tryRun("INSERT INTO t VALUES (1)") == SQLITE_IOERR);
      disk.fail({.failure = Failure::IoError, .action = FileAction::Look, .times = IoFault::kForEver});
      CHECK(raw.tryRun("SELECT * FROM t") == SQLITE_IOERR);
    }
    disk.fail({.failure = Failure::ReadOnly, .times = IoFault::kForEver});
    CHECK(RawSqlite(table.database).tryRun("INSERT INTO t VALUES (1)") == SQLITE_READONLY);
    CHECK_THROWS(RawSqlite(table.directory.file("new.db")).run("CREATE TABLE t(x)"));
    disk.fail({.failure = Failure::ShortRead, .role = FileRole::Database, .times = IoFault::kForEver});
    CHECK(RawSqlite(table.database).tryRun("SELECT * FROM t") != SQLITE_OK);
    disk.heal();
    const auto content = [&] { return RawSqlite(table.database).text("SELECT hex(x) FROM t"); };
    const std::string before = content();
    // Somewhere in the second page, which holds the row.
    bool changed = false;
    for (int after = 0; after < 6 && !changed; ++after) {
      disk.fail({.failure = Failure::FlippedBit, .role = FileRole::Database, .after = after});
      try {
        changed = content() != before || disk.refused() > 0;
      } catch (const std::runtime_error&) {
        changed = true;
      }
    }
    CHECK(changed);
    disk.heal();
    CHECK(content() == before);
  }

  TEST_CASE("calls can be slow") {
    SmallDatabase table;
    FaultyDisk disk;
    RawSqlite raw(table.database);
    disk.delay(FileAction::Sync, 2000us);
    const auto start = std::chrono::steady_clock::now();
    raw.run("INSERT INTO t VALUES (1)");
    CHECK(std::chrono::steady_clock::now() - start >= 2ms);
  }

  TEST_CASE("the record of a directory tells what is in its files") {
    SmallDatabase table;
    FaultyDisk disk;
    disk.record(table.directory.path());
    {
      RawSqlite raw(table.database);
      raw.text("PRAGMA journal_mode=WAL");
      raw.run("INSERT INTO t VALUES (1)");
      CHECK(disk.position() > 0);
    }
    const Recording recording = disk.takeRecording();
    DiskModel model(recording);
    for (const Operation& done : recording.operations) model.apply(done);
    CHECK(model.live() == readFiles(table.directory.path()));
    CHECK(describe(recording).size() == recording.operations.size());
  }

  TEST_CASE("random numbers of SQLite follow from a seed") {
    FaultyDisk disk;
    RawSqlite raw(":memory:");
    FaultyDisk::seedRandomness(7);
    const std::string first = raw.text("SELECT hex(randomblob(8))");
    FaultyDisk::seedRandomness(7);
    CHECK(raw.text("SELECT hex(randomblob(8))") == first);
    FaultyDisk::seedRandomness(8);
    CHECK(raw.text("SELECT hex(randomblob(8))") != first);
  }

  TEST_CASE("what was synced stays, and of the rest each sector is the old or the new one") {
    const std::string old(1024, '.');
    const std::string half = std::string(512, 'x') + std::string(512, '.');
    const std::string other = std::string(512, '.') + std::string(512, 'x');
    const std::string whole(1024, 'x');
    const Operation write = operation(Kind::Write, 0, 0, whole);
    CHECK(left({write}) == std::set<std::string>{old, half, other, whole});
    CHECK(left({write}, {.sectorBytes = 1024, .noise = false}) == std::set<std::string>{old, whole});
    CHECK(left({write, operation(Kind::Sync)}) == std::set<std::string>{whole});
    // After a sync that failed a later one says nothing about what was written before.
    CHECK(left({write, operation(Kind::FailedSync), operation(Kind::Sync)}).size() == 4);
    CHECK(left({operation(Kind::Truncate, 0, 100)}) == std::set<std::string>{old, std::string(100, '.')});
    CHECK(left({write}, {}).size() > 4);  // Noise.
    CHECK(left({write, operation(Kind::Sync), operation(Kind::Write, 0, 0, "y")}, {.damageBytes = 1024}).size() > 10);
  }

  TEST_CASE("a name is as durable as its directory") {
    CHECK(left({operation(Kind::Delete)}) == std::set<std::string>{"gone", std::string(1024, '.')});
    CHECK(left({operation(Kind::Delete), operation(Kind::SyncDirectory)}) == std::set<std::string>{"gone"});
    const Recording recording;
    DiskModel model(recording);
    const Operation create = operation(Kind::Create);
    const Operation write = operation(Kind::Write, 0, 0, "x");
    const Operation sync = operation(Kind::Sync);
    std::mt19937_64 random(7);
    std::set<std::size_t> counts;
    model.apply(create);
    model.apply(write);
    model.apply(sync);
    for (int i = 0; i < 100; ++i) counts.insert(model.cut({}, random, nullptr).size());
    CHECK(counts == std::set<std::size_t>{0, 1});
    const Operation syncDirectory = operation(Kind::SyncDirectory);
    model.apply(syncDirectory);
    CHECK(model.cut({}, random, nullptr) == Files{{"f0", "x"}});
    const Operation underWay = operation(Kind::Delete);
    counts.clear();
    for (int i = 0; i < 100; ++i) counts.insert(model.cut({}, random, &underWay).size());
    CHECK(counts == std::set<std::size_t>{0, 1});
  }

  TEST_CASE("the oracle tells lost, phantom, twice and resurrected") {
    const std::vector<Mark> marks{{1, Mark::Kind::Begun, 0},
                                  {1, Mark::Kind::Acknowledged, 5},
                                  {2, Mark::Kind::Begun, 5},
                                  {2, Mark::Kind::Refused, 8},
                                  {3, Mark::Kind::Begun, 8}};
    const Oracle oracle(marks, Loss::None);
    const auto verdict = [&](const std::vector<std::int64_t>& found, std::size_t position) {
      const Oracle::Answer answer = oracle.judge(found, position);
      return answer.fault ? std::string(toText(answer.fault->first)) : std::string();
    };
    CHECK(oracle.acknowledged() == 1);
    CHECK(verdict({}, 4).empty());
    CHECK(verdict({}, 5) == "lost");
    CHECK(verdict({1, 2}, 6).empty());
    CHECK(verdict({1, 2}, 8) == "resurrected");
    CHECK(verdict({1, 3}, 9).empty());
    CHECK(verdict({1, 3}, 7) == "phantom");
    CHECK(verdict({1, 1}, 9) == "phantom");
    const Oracle lenient({{1, Mark::Kind::Begun, 0}, {2, Mark::Kind::Begun, 0}, {2, Mark::Kind::Acknowledged, 1}},
                         Loss::Suffix, {1, 2});
    CHECK(lenient.judge({1}, 9).lostSuffix);
    CHECK_FALSE(lenient.judge({1}, 9).fault.has_value());
    CHECK(lenient.judge({2}, 9).fault->first == Verdict::Lost);
  }
}
