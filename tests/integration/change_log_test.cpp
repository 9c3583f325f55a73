#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "pool/pool_internals.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

/// Asks for versions from the thread that writes, when nothing else runs.
struct Watched : PoolFixture {
  explicit Watched(std::size_t poolSize = 4) : PoolFixture(poolSize) {
    open();
    pool.run("CREATE TABLE a(id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
    pool.run("CREATE TABLE b(id INTEGER PRIMARY KEY, a INTEGER REFERENCES a(id) ON DELETE CASCADE)");
    pool.run("CREATE TABLE c(id INTEGER PRIMARY KEY, name TEXT)");
    pool.run("INSERT INTO a VALUES (1, 'one'), (2, 'two')");
    pool.run("INSERT INTO b VALUES (1, 1), (2, 2)");
    pool.run("INSERT INTO c VALUES (1, 'c')");
  }
  std::optional<std::uint64_t> version(const char* table) { return log().version(log().bitOf(table)); }
  ChangeLog& log() { return detail::PoolInternals::changes(pool); }
  /// Which of the tables `work` changes, as the log says.
  template <typename F>
  std::string changedBy(F work) {
    const std::vector<const char*> tables{"a", "b", "c"};
    std::vector<std::uint64_t> before;
    for (const char* table : tables) before.push_back(version(table).value_or(0));
    REQUIRE(before.front() > 0);
    work();
    std::string changed;
    for (std::size_t i = 0; i < tables.size(); ++i) {
      if (version(tables[i]).value_or(0) != before[i]) changed += tables[i];
    }
    return changed;
  }
  std::string changedBySql(const char* sql) {
    return changedBy([&] { pool.run(Sql::unchecked(sql)); });
  }
};

}  // namespace

TEST_CASE("the change log knows which tables a statement of its own has changed") {
  Watched f;
  CHECK(f.changedBySql("UPDATE a SET name = 'x' WHERE id = 1") == "a");
  CHECK(f.changedBySql("INSERT INTO c(name) VALUES ('d')") == "c");
  CHECK(f.changedBySql("DELETE FROM c") == "c");
  CHECK(f.changedBySql("INSERT OR REPLACE INTO c VALUES (1, 'x')") == "c");
  CHECK(f.changedBySql("UPDATE a SET name = 'nobody' WHERE id = 999") == "a");  // Conservative.
  CHECK(f.changedBy([&] { f.pool.query("SELECT * FROM a"); }).empty());
  CHECK(f.changedBy([&] { f.pool.runReturning("DELETE FROM b WHERE id = 2 RETURNING id", [](const RowView&) {}); }) ==
        "b");
}

TEST_CASE("the change log follows cascades triggers and views") {
  Watched f;
  CHECK(f.changedBySql("DELETE FROM a WHERE id = 1") == "ab");
  CHECK(f.changedBySql("INSERT OR REPLACE INTO a VALUES (3, 'two')") == "ab");
  f.pool.run("CREATE TRIGGER copy AFTER INSERT ON a BEGIN INSERT INTO c(name) VALUES (new.name); END");
  CHECK(f.changedBySql("INSERT INTO a(name) VALUES ('three')") == "ac");
  f.pool.run("CREATE VIEW v AS SELECT * FROM c");
  f.pool.run("CREATE TRIGGER through INSTEAD OF INSERT ON v BEGIN INSERT INTO b(a) VALUES (3); END");
  CHECK(f.changedBySql("INSERT INTO v(name) VALUES ('x')") == "b");
  const Sql read = "SELECT name FROM v";
  auto ignore = [](const RowView&) {};
  const TableSet tables = detail::PoolInternals::visit(f.pool, {}, read, {}, detail::RowVisitor(ignore));
  CHECK((tables & f.log().bitOf("c")) != 0);
  CHECK((tables & f.log().bitOf("a")) == 0);
}

TEST_CASE("the change log notices that a kept statement has come to write more") {
  Watched f;
  const Sql insert = "INSERT INTO a(name) VALUES (?)";
  CHECK(f.changedBy([&] { f.pool.run(insert, "first"); }) == "a");
  RawSqlite(f.config.database).run("CREATE TRIGGER copy AFTER INSERT ON a BEGIN INSERT INTO c(name) VALUES ('x'); END");
  f.log().lookForForeignCommits();
  CHECK(f.changedBy([&] { f.pool.run(insert, "second"); }) == "ac");
  CHECK(f.changedBy([&] { f.pool.run(insert, "third"); }) == "ac");
}

TEST_CASE("the change log notices in a transaction that a kept statement has come to write more") {
  Watched f;
  const Sql insert = "INSERT INTO a(name) VALUES (?)";
  f.pool.run(insert, "first");
  f.pool.run("CREATE TRIGGER copy AFTER INSERT ON a BEGIN INSERT INTO c(name) VALUES ('x'); END");
  CHECK(f.changedBy([&] { f.pool.transaction([&](Transaction& tx) { tx.run(insert, "second"); }); }) == "ac");
}

TEST_CASE("a VACUUM does not hide a commit of another connection") {
  Watched f;
  f.pool.run("VACUUM");
  f.log().lookForForeignCommits();
  const auto before = f.version("b");
  REQUIRE(before);
  RawSqlite(f.config.database).run("UPDATE b SET a = 2");
  f.pool.run("UPDATE c SET name = 'own'");
  CHECK(f.version("b") != before);  // Not known, or found out by the write already.
  f.log().lookForForeignCommits();
  CHECK(f.version("b") != before);
}

TEST_CASE("an index that was made anew from the log is not taken for an unchanged one") {
  Watched f;
  // As after a process that died in its first COMMIT: the same counter, more frames.
  const auto before = f.version("a");
  REQUIRE(before);
  const TableSet a = f.log().bitOf("a");
  f.log().beginCommit(a);
  f.log().endCommit(a, 1, 0);
  f.log().beginCommit(a);
  f.log().endCommit(a, static_cast<std::uint32_t>(-1), 1'000'000);
  CHECK_FALSE(f.version("a"));
  f.log().lookForForeignCommits();
  CHECK(f.version("a").has_value());
}

TEST_CASE("a log begun anew by a transaction that outgrows its cache is not taken for a commit of others") {
  Watched f;
  RawSqlite(f.config.database).run("SELECT * FROM a; PRAGMA wal_checkpoint(PASSIVE)");
  const std::uint64_t before = f.log().foreignCommits();
  CHECK(before != 0);
  f.pool.transaction([&](Transaction& tx) {
    tx.run(
        "INSERT INTO c(name) SELECT hex(zeroblob(1000)) FROM (VALUES (1), (2), (3)), pragma_function_list LIMIT 600");
    CHECK_FALSE(f.version("c"));  // Its pages are in the log, which had been copied: it begins anew.
    f.log().lookForForeignCommits();
    CHECK(f.log().foreignCommits() == before);
  });
  CHECK(f.log().foreignCommits() == before);
  CHECK(f.changedBySql("INSERT INTO c(name) VALUES ('d')") == "c");
}

TEST_CASE("handles that have used virtual tables close") {
  Watched f;
  f.pool.run("CREATE VIRTUAL TABLE boxes USING rtree(id, low, high)");
  f.pool.run("INSERT INTO boxes VALUES (1, 0.0, 1.0)");
  CHECK(f.pool.queryValue<std::int64_t>("SELECT count(*) FROM boxes") == 1);
  f.reopen();
  CHECK(f.pool.queryValue<std::int64_t>("SELECT count(*) FROM boxes") == 1);
}

TEST_CASE("the change log counts what transactions commit and not what they roll back") {
  Watched f;
  CHECK(f.changedBy([&] {
    f.pool.transaction([](Transaction& tx) {
      tx.run("UPDATE a SET name = name || '!' WHERE id = 1");
      tx.transaction([](Transaction& nested) { nested.run("DELETE FROM c"); });
    });
  }) == "ac");
  CHECK(f.changedBy([&] {
           Transaction tx = f.pool.begin();
           tx.run("DELETE FROM c");
           tx.rollback();
         }).empty());
  CHECK(f.changedBySql("INSERT INTO b(a) VALUES (1)") == "b");  // Nothing is left of what was rolled back.
  CHECK(f.changedBy([&] { f.pool.transaction([](Transaction&) {}); }).empty());
}

TEST_CASE("no version is known while a commit can be seen but is not over") {
  Watched f;
  f.pool.transaction([&](Transaction& tx) {
    tx.run("UPDATE a SET name = 'x' WHERE id = 1");
    CHECK(f.version("a"));  // Not before the COMMIT.
  });
  const TableSet a = f.log().bitOf("a");
  f.log().beginCommit(a);
  CHECK_FALSE(f.version("a"));
  CHECK(f.version("b"));
  f.log().endCommit(a, 0, 0);
  CHECK(f.version("a"));
}

TEST_CASE("a commit of another connection shows at once and counts for every table") {
  Watched f;
  const auto before = f.version("a");
  REQUIRE(before);
  RawSqlite(f.config.database).run("INSERT INTO c(name) VALUES ('from outside')");
  CHECK_FALSE(f.version("a"));
  CHECK_FALSE(f.version("c"));
  f.log().lookForForeignCommits();
  REQUIRE(f.version("a"));
  CHECK(f.version("a") != before);
  const auto then = f.version("c");
  RawSqlite(f.config.database).run("INSERT INTO c(name) VALUES ('again')");
  f.pool.run("INSERT INTO b(a) VALUES (1)");  // A commit of our own does not hide it.
  CHECK(f.version("c") != then);
}

TEST_CASE("schema changes and native handles count for every table") {
  Watched f;
  CHECK(f.changedBySql("ALTER TABLE c ADD COLUMN extra TEXT") == "abc");
  CHECK(f.changedBySql("CREATE INDEX c_name ON c(name)") == "abc");
  CHECK(f.changedBy([&] {
    PooledConnection lease = f.pool.acquire();
    rawText(lease->nativeHandle(), "UPDATE c SET name = 'native'");
    lease.release();
    f.log().lookForForeignCommits();
  }) == "abc");
  CHECK(f.changedBySql("UPDATE c SET name = 'own'") == "c");
}

TEST_CASE("the change log goes on with a new write handle and after opening anew") {
  Watched f;
  const auto before = f.version("a");
  PooledConnection lease = f.pool.acquire();
  lease.discard();
  REQUIRE(f.version("a"));
  CHECK(f.version("a") != before);
  f.pool.close();
  CHECK_FALSE(f.version("a"));
  f.open();
  REQUIRE(f.version("a"));
  CHECK(f.changedBySql("UPDATE c SET name = 'x'") == "c");
}

TEST_CASE("tables beyond the bits share the last one") {
  Watched f;
  for (int i = 0; i < 70; ++i) f.log().bitOf("table" + std::to_string(i));
  CHECK(f.log().bitOf("table68") == f.log().bitOf("table69"));
  CHECK(f.log().bitOf("a") != f.log().bitOf("table69"));
}

TEST_CASE("a pool of one handle keeps a change log too") {
  Watched f(1);
  CHECK(f.changedBySql("UPDATE a SET name = 'x' WHERE id = 1") == "a");
}
