// Checks of the whole file while it is open. The files are damaged by a child: closing a descriptor of an open database
// would drop this process's locks.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <string>

#include <holdfast/holdfast.hpp>

#include "support/child_process.hpp"
#include "support/faulty_vfs.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

void overwrite(const std::string& path, std::int64_t at, const std::string& bytes) {
  const int result = inChild([&] {
    const int file = ::open(path.c_str(), O_WRONLY);
    return ::pwrite(file, bytes.data(), bytes.size(), at) == static_cast<ssize_t>(bytes.size()) ? 0 : 1;
  });
  REQUIRE(result == 0);
}

/// A table of about 100 pages with an index, all of it in the database file.
void fill(PoolFixture& f) {
  f.openWithRows(0);
  f.pool.run("CREATE INDEX by_name ON item(name)");
  f.pool.run(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
      "INSERT INTO item(name) SELECT printf('%06d', i) || hex(zeroblob(90)) FROM n");
  f.pool.checkpoint();
}

}  // namespace

TEST_SUITE("integration/verify") {
  TEST_CASE("a sound database is sound at the first look") {
    PoolFixture f;
    fill(f);
    for (const VerifyDepth depth : {VerifyDepth::Quick, VerifyDepth::Full}) {
      const VerifyReport report = f.pool.verify(depth);
      CHECK(report.depth == depth);
      CHECK(report.result == VerifyResult::Sound);
      CHECK(report.isSound());
      CHECK(report.findings.empty());
      CHECK(report.looks == 1);
      CHECK(report.took.count() > 0);
    }
    CHECK(f.pool.metrics().checks == 2);
    CHECK(f.pool.metrics().damageFound == 0);
    CHECK(f.events->count(EventKind::DamageFound) == 0);
  }

  TEST_CASE("a damaged page is damage, seen twice") {
    PoolFixture f;
    fill(f);
    overwrite(f.config.database, 20 * 4096, std::string(4096, '\xff'));
    const VerifyReport report = f.pool.verify();
    CHECK(report.result == VerifyResult::Damaged);
    CHECK(report.looks == 2);
    CHECK_FALSE(report.findings.empty());
    CHECK(f.pool.metrics().damageFound == 1);
    REQUIRE(f.events->count(EventKind::DamageFound) == 1);
    CHECK(contains(f.events->of(EventKind::DamageFound).front().detail, "damaged: "));
  }

  TEST_CASE("an index that misses rows is told from damage by the full check alone") {
    PoolFixture f;
    fill(f);
    f.pool.close();
    {
      // A row without its entry: the index is hidden while it is added.
      RawSqlite raw(f.config.database);
      raw.run("PRAGMA writable_schema=ON");
      raw.run("CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'by_name'");
      raw.run("DELETE FROM sqlite_schema WHERE name = 'by_name'");
    }
    {
      RawSqlite raw(f.config.database);
      raw.run("INSERT INTO item(name) VALUES ('unindexed')");
      raw.run("PRAGMA writable_schema=ON");
      raw.run("INSERT INTO sqlite_schema SELECT * FROM kept");
    }
    f.open();
    CHECK(f.pool.verify(VerifyDepth::Quick).result == VerifyResult::Sound);
    const VerifyReport report = f.pool.verify(VerifyDepth::Full);
    CHECK(report.result == VerifyResult::IndexesDamaged);
    CHECK_FALSE(report.isSound());
    f.pool.tick();  // Builds it anew.
    CHECK(f.pool.verify(VerifyDepth::Full).isSound());
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM item WHERE name = 'unindexed'") == 1);
  }

  TEST_CASE("rows that break a rule of their table do not make a file unsound") {
    PoolFixture f;
    f.openWithRows(0);
    f.pool.run("CREATE TABLE strict(a INTEGER NOT NULL)");
    f.pool.close();
    {
      RawSqlite raw(f.config.database);
      raw.run("PRAGMA writable_schema=ON");
      raw.run("UPDATE sqlite_schema SET sql = 'CREATE TABLE strict(a INTEGER)' WHERE name = 'strict'");
    }
    {
      RawSqlite raw(f.config.database);
      raw.run("INSERT INTO strict VALUES (NULL)");
      raw.run("PRAGMA writable_schema=ON");
      raw.run("UPDATE sqlite_schema SET sql = 'CREATE TABLE strict(a INTEGER NOT NULL)' WHERE name = 'strict'");
    }
    f.open();
    const VerifyReport report = f.pool.verify(VerifyDepth::Full);
    CHECK(report.result == VerifyResult::RowsInvalid);
    CHECK(report.isSound());
    CHECK(report.findings.size() == 1);
    f.pool.close();
    f.config.checkAtOpen = OpenCheck::Always;
    const OpenReport opened = f.pool.open(f.config);
    CHECK(opened.recovery.action == RecoveryAction::None);
    REQUIRE(opened.warnings.size() == 1);
    CHECK(opened.warnings.front().find("rows break rules of their tables") == 0);
  }

  TEST_CASE("reading that fails once is no damage, and that fails for good is unreadable and no damage") {
    FaultyVfs vfs;
    PoolFixture f;
    fill(f);
    vfs.fail(FileRole::Database, FileAction::Read, SQLITE_IOERR_READ, 30, 1);
    const VerifyReport once = f.pool.verify(VerifyDepth::Full);
    CHECK(vfs.refused() == 1);
    CHECK(once.result == VerifyResult::Sound);
    CHECK(once.looks == 2);
    CHECK_FALSE(once.findings.empty());  // What the first look met.
    vfs.fail(FileRole::Database, FileAction::Read, SQLITE_IOERR_READ, 30);
    const VerifyReport always = f.pool.verify(VerifyDepth::Full);
    CHECK(always.result == VerifyResult::Unreadable);
    CHECK(always.looks == 2);
    vfs.heal();
    CHECK(f.pool.verify(VerifyDepth::Full).isSound());
    f.pool.close();
  }

  TEST_CASE("every single read of a check may fail and none is taken for damage") {
    FaultyVfs vfs;
    PoolFixture f;
    fill(f);
    for (int after = 0;; after += 3) {
      vfs.fail(FileRole::Database, FileAction::Read, SQLITE_IOERR_READ, after, 1);
      const VerifyReport report = f.pool.verify();
      CAPTURE(after);
      CHECK(report.result == VerifyResult::Sound);
      if (vfs.refused() == 0) break;
    }
    vfs.heal();
    f.pool.close();
  }

  TEST_CASE("a deadline, a stop token and a log that must be begun anew end a check without a verdict") {
    PoolFixture f;
    fill(f);
    const VerifyReport late = f.pool.verify(VerifyDepth::Full, {.timeout = 0ms});
    CHECK(late.result == VerifyResult::Unfinished);
    CHECK(late.findings.size() == 1);
    CHECK(late.looks == 1);
    StopSource stop;
    stop.request_stop();
    CHECK(f.pool.verify(VerifyDepth::Quick, {.cancel = stop.get_token()}).result == VerifyResult::Unfinished);
    CHECK(f.pool.metrics().damageFound == 0);
    f.pool.close();
    CHECK(codeOf([&] { f.pool.verify(); }) == ErrorCode::PoolClosed);
  }
}
