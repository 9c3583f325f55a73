#include "storage/checkpoint_policy.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "connection/connection_impl.hpp"
#include "metrics/histogram.hpp"
#include "support/raw_sqlite.hpp"
#include "support/temp_directory.hpp"

using holdfast::checkpointFully;
using holdfast::CheckpointPolicy;
using holdfast::CheckpointReport;
using holdfast::Connection;
using holdfast::ConnectionProfile;
using holdfast::LatencyHistogram;
using holdfast::test::RawSqlite;
using holdfast::test::TempDirectory;

namespace {

/// A write handle without a pool.
struct Writer {
  Writer() {
    ConnectionProfile profile;
    profile.path = directory.file("test.db");
    { RawSqlite(profile.path).run("CREATE TABLE t(x)"); }
    profile.cacheBytes = 512 * 1024;
    profile.statementCacheBytes = 64 * 1024;
    profile.durability = holdfast::Durability::Off;
    connection = std::make_unique<Connection>(std::make_unique<Connection::Impl>(1, profile, latency));
  }
  /// One commit of about that many pages.
  void write(int pages) {
    for (int i = 0; i < pages; ++i) connection->run("INSERT INTO t VALUES (randomblob(3500))");
  }
  int walPages() const { return connection->impl().walPages.load(); }
  std::uintmax_t logBytes() const { return std::filesystem::file_size(directory.file("test.db-wal")); }

  TempDirectory directory;
  LatencyHistogram latency;
  std::unique_ptr<Connection> connection;
};

/// Somebody who reads and does not end.
struct Reader {
  explicit Reader(const Writer& writer) : raw(writer.directory.file("test.db")) {
    raw.run("BEGIN");
    raw.text("SELECT count(*) FROM t");
  }
  RawSqlite raw;
};

}  // namespace

TEST_SUITE("storage/checkpoint_policy") {
  TEST_CASE("a checkpoint is due from the start length on") {
    CheckpointPolicy policy(100);
    CHECK_FALSE(policy.due(1));
    CHECK_FALSE(policy.due(99));
    CHECK(policy.due(100));
    CHECK(policy.due(150));
  }

  TEST_CASE("a log that has started anew counts from the beginning") {
    CheckpointPolicy policy(100);
    CHECK(policy.due(120));
    CHECK_FALSE(policy.due(3));
    CHECK_FALSE(policy.due(99));
    CHECK(policy.due(100));
  }

  TEST_CASE("a log that a reader keeps is tried again only after as much again") {
    Writer writer;
    CheckpointPolicy policy(20);
    writer.write(20);
    REQUIRE(policy.due(writer.walPages()));
    {
      const Reader reader(writer);
      writer.write(20);
      const CheckpointReport first = policy.run(*writer.connection, holdfast::SteadyTime::max());
      CHECK_FALSE(first.complete);
      CHECK_FALSE(policy.due(first.walPages));
      CHECK_FALSE(policy.due(first.walPages + 19));
      CHECK(policy.due(first.walPages + 20));
    }
    CHECK(policy.run(*writer.connection, holdfast::SteadyTime::max()).complete);
  }

  TEST_CASE("after a complete checkpoint the next commit starts the log anew") {
    Writer writer;
    CheckpointPolicy policy(20);
    writer.write(25);
    REQUIRE(policy.due(writer.walPages()));
    const CheckpointReport report = policy.run(*writer.connection, holdfast::SteadyTime::max());
    CHECK(report.complete);
    CHECK_FALSE(report.truncated);
    CHECK(report.checkpointedPages == report.walPages);
    writer.write(1);
    CHECK(writer.walPages() < 10);
    CHECK_FALSE(policy.due(writer.walPages()));
  }

  TEST_CASE("a log of four times the start length is cut") {
    Writer writer;
    CheckpointPolicy policy(5);
    writer.write(30);
    REQUIRE(writer.walPages() >= 20);
    REQUIRE(policy.due(writer.walPages()));
    const CheckpointReport report = policy.run(*writer.connection, holdfast::SteadyTime::max());
    CHECK(report.truncated);
    CHECK(writer.logBytes() == 0);
    CHECK(writer.walPages() == 0);
    writer.write(5);
    CHECK(policy.due(writer.walPages()));  // Counted from the beginning, not from the old length.
  }

  TEST_CASE("a full checkpoint moves all and does not wait for readers") {
    Writer writer;
    writer.write(10);
    {
      const Reader reader(writer);
      writer.write(10);
      const CheckpointReport blocked = checkpointFully(*writer.connection, holdfast::SteadyTime::max());
      CHECK_FALSE(blocked.complete);
      CHECK_FALSE(blocked.truncated);
      CHECK(blocked.checkpointedPages < blocked.walPages);
    }
    const CheckpointReport report = checkpointFully(*writer.connection, holdfast::SteadyTime::max());
    CHECK(report.complete);
    CHECK(report.truncated);
    CHECK(writer.logBytes() == 0);
    CHECK(RawSqlite(writer.directory.file("test.db")).integer("SELECT count(*) FROM t") == 20);
  }

  TEST_CASE("a checkpoint of an empty log is complete") {
    Writer writer;
    CHECK(checkpointFully(*writer.connection, holdfast::SteadyTime::max()).complete);
    CHECK(checkpointFully(*writer.connection, holdfast::SteadyTime::max()).truncated);
  }
}
