// Files that are deleted, moved or covered while they are open.

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "support/pool_fixture.hpp"
#include "support/small_file_system.hpp"
#include "support/threads.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;
namespace fs = std::filesystem;

namespace {

struct Opened : PoolFixture {
  explicit Opened(std::size_t poolSize = 2) : PoolFixture(poolSize) {
    openWithRows(3);
    CHECK(rows() == 3);
    events->clear();
  }
  void deleteFiles() const {
    for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(config.database + suffix);
  }
  std::optional<ErrorCode> insert() {
    return codeOf([this] { pool.run("INSERT INTO item(name) VALUES ('new')"); });
  }
  std::vector<std::string> changes() const {
    std::vector<std::string> details;
    for (const Event& event : events->of(EventKind::StorageChanged)) details.push_back(event.detail);
    return details;
  }
};

}  // namespace

TEST_SUITE("integration/storage_gone") {
  TEST_CASE("after the files were deleted no write is acknowledged, and the state says why") {
    Opened f;
    CHECK(f.pool.storageState() == StorageState::Ok);
    f.deleteFiles();
    for (int i = 0; i < 10; ++i) CHECK(f.insert() == ErrorCode::CannotOpen);
    CHECK(codeOf([&] { f.inserts("new")(); }) == ErrorCode::CannotOpen);
    CHECK(codeOf([&] { f.pool.begin(); }) == ErrorCode::CannotOpen);
    CHECK(codeOf([&] { f.pool.acquire(); }) == ErrorCode::CannotOpen);
    CHECK(codeOf([&] { f.pool.tryAcquire(); }) == ErrorCode::CannotOpen);
    CHECK(f.pool.storageState() == StorageState::Gone);
    CHECK(f.pool.metrics().storageState == StorageState::Gone);
    CHECK(f.rows() == 3);  // By a handle that has it open still.
    REQUIRE(f.changes().size() == 1);
    CHECK(contains(f.changes()[0], "gone (was ok)"));
    CHECK_FALSE(fs::exists(f.config.database));
  }

  TEST_CASE("what a statement without a look beforehand wrote into deleted files is not said to be done") {
    Opened f;
    f.deleteFiles();
    CHECK(codeOf([&] { f.pool.run("CREATE TABLE other(x)"); }) == ErrorCode::OutcomeUnknown);
    CHECK(f.pool.storageState() == StorageState::Gone);
  }

  TEST_CASE("a database that comes back is written again by the handle that has it open") {
    Opened f;
    {
      const MovedAway away(f.config.database);
      CHECK(f.insert() == ErrorCode::CannotOpen);
      CHECK(f.insert() == ErrorCode::CannotOpen);
      CHECK(f.pool.storageState() == StorageState::Gone);
    }
    CHECK_FALSE(f.insert());
    CHECK(f.pool.storageState() == StorageState::Ok);
    REQUIRE(f.changes().size() == 2);
    CHECK(contains(f.changes()[1], "ok (was gone)"));
    CHECK(f.rows() == 4);
    CHECK(f.pool.metrics().connectionsRecovered == 0);
  }

  TEST_CASE("files that go while a transaction is open leave its outcome unknown") {
    Opened f;
    const auto error = errorOf([&] {
      f.pool.transaction([&](Transaction& tx) {
        tx.run("INSERT INTO item(name) VALUES ('lost')");
        f.deleteFiles();
      });
    });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::OutcomeUnknown);
    CHECK(contains(error->what(), "deleted or moved"));
    CHECK(f.pool.storageState() == StorageState::Gone);
  }

  TEST_CASE("a transaction whose file comes back before it is asked for has taken effect") {
    Opened f;
    f.pool.transaction([&](Transaction& tx) {
      tx.run("INSERT INTO item(name) VALUES ('kept')");
      const MovedAway away(f.config.database);
    });
    CHECK(f.rows() == 4);
    CHECK(f.pool.storageState() == StorageState::Ok);
  }

  TEST_CASE("writes through a lease notice it, too") {
    Opened f;
    const PooledConnection lease = f.pool.acquire();
    f.deleteFiles();
    CHECK(codeOf([&] { lease->run("INSERT INTO item(name) VALUES ('lost')"); }) == ErrorCode::OutcomeUnknown);
  }

  TEST_CASE("a log that was deleted alone is missed within a moment") {
    Opened f;
    if (!kHasThreads) return;
    fs::remove(f.config.database + "-wal");
    CHECK(eventually([&] { return f.insert().has_value(); }));
    CHECK(f.pool.storageState() == StorageState::Gone);
  }

  TEST_CASE("with less than full durability deleted files are missed within a moment") {
    Opened f;
    f.pool.close();
    f.config.durability = Durability::Normal;
    f.open();
    f.deleteFiles();
    CHECK(eventually([&] { return f.insert().has_value(); }));
    CHECK(f.insert() == ErrorCode::CannotOpen);
    CHECK(f.pool.storageState() == StorageState::Gone);
  }

  TEST_CASE("another file in the place of the database is not written to") {
    Opened f;
    fs::rename(f.config.database, f.config.database + ".away");
    std::ofstream(f.config.database) << "something else";
    const auto error = errorOf([&] { f.pool.run("DELETE FROM item"); });
    REQUIRE(error);
    CHECK(error->code() == ErrorCode::CannotOpen);
    CHECK(contains(error->what(), "another file"));
    CHECK(f.pool.storageState() == StorageState::Gone);
    CHECK(fs::file_size(f.config.database) == 14);
    fs::rename(f.config.database + ".away", f.config.database);
    CHECK_FALSE(f.insert());
  }

  TEST_CASE("housekeeping notices files that go and come back while nobody writes") {
    Opened f;
    {
      const MovedAway away(f.config.database);
      f.pool.tick();
      CHECK(f.pool.storageState() == StorageState::Gone);
      f.pool.tick();
    }
    f.pool.tick();
    CHECK(f.pool.storageState() == StorageState::Ok);
    CHECK(f.changes().size() == 2);
  }

  TEST_CASE("posted work waits for the files to come back") {
    if (!HOLDFAST_ASYNC) return;
#if HOLDFAST_ASYNC
    Opened f;
    Future<RunResult> posted = f.pool.post("INSERT INTO item(name) VALUES ('posted')");
    {
      const MovedAway away(f.config.database);
      CHECK(codeOf([&] { f.pool.flush(); }) == ErrorCode::CannotOpen);
      CHECK_FALSE(posted.ready());
    }
    f.pool.flush();
    CHECK(posted.get().changes == 1);
#endif
  }

  TEST_CASE("one handle for everything notices it and goes on when the file is back") {
    Opened f(1);
    {
      const MovedAway away(f.config.database);
      CHECK(f.insert() == ErrorCode::CannotOpen);
      CHECK(f.rows() == 3);
    }
    CHECK_FALSE(f.insert());
    CHECK(f.rows() == 4);
  }

  TEST_CASE("storage that is taken out and put back is gone meanwhile, and nothing is made in its place") {
    PoolFixture f(2);
    const SmallFileSystem card(f.directory.file("card"), "4m");
    if (!card) {
      MESSAGE("not possible here: mounting needs the superuser");
      return;
    }
    f.config.database = card.file("test.db");
    f.openWithRows(3);
    CHECK(f.rows() == 3);
    REQUIRE(card.cover());
    for (int i = 0; i < 10; ++i) CHECK(codeOf([&] { f.pool.run("DELETE FROM item"); }) == ErrorCode::CannotOpen);
    CHECK(f.pool.storageState() == StorageState::Gone);
    CHECK(f.rows() == 3);
    f.pool.tick();
    f.clock->advance(1h);  // Handles age, and no new ones can be opened.
    f.pool.tick();
    CHECK(codeOf([&] { f.pool.run("DELETE FROM item"); }) == ErrorCode::CannotOpen);
    CHECK(fs::is_empty(card.file("")));
    REQUIRE(card.uncover());
    f.clock->advance(1min);
    f.pool.run("DELETE FROM item WHERE id = 1");
    CHECK(f.pool.storageState() == StorageState::Ok);
    CHECK(f.rows() == 2);
    f.pool.close();
    CHECK(f.isSound());
  }
}
