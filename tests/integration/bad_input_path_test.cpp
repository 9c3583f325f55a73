#include <doctest/doctest.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <holdfast/holdfast.hpp>

#include "support/child_process.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"

using namespace std::chrono_literals;
using holdfast::ConnectionConfig;
using holdfast::ErrorCode;
using holdfast::OpenReport;
using holdfast::Recovery;
using holdfast::test::codeOf;
using holdfast::test::contains;
using holdfast::test::errorOf;
using holdfast::test::inChild;
using holdfast::test::PoolFixture;
using holdfast::test::RawSqlite;
using holdfast::test::TempDirectory;

namespace fs = std::filesystem;

namespace {

constexpr uid_t kNobody = 65534;
constexpr int kGood = 42;
constexpr int kNoRights = 43;  // The sandbox does not let the test change its user, or hides its directory.

/// Runs `body` in a child without the superuser's rights, under which every file may be read and written.
template <typename F>
int asNobody(const std::string& directory, F&& body) {
  return inChild([&] {
    if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::seteuid(kNobody) != 0)) return kNoRights;
    if (::access(directory.c_str(), X_OK) != 0 && ::euidaccess(directory.c_str(), X_OK) != 0) return kNoRights;
    return body();
  });
}

void give(const std::string& path, unsigned mode) {
  if (::geteuid() == 0) REQUIRE(::chown(path.c_str(), kNobody, kNobody) == 0);
  REQUIRE(::chmod(path.c_str(), static_cast<mode_t>(mode)) == 0);
}

struct WorkingDirectory {
  explicit WorkingDirectory(const std::string& to) : before(fs::current_path()) { fs::current_path(to); }
  WorkingDirectory(const WorkingDirectory&) = delete;
  WorkingDirectory& operator=(const WorkingDirectory&) = delete;
  ~WorkingDirectory() { fs::current_path(before); }
  fs::path before;
};

/// A file with a table and a row of 7, made by plain SQLite.
void makeDatabase(const std::string& path) {
  RawSqlite raw(path);
  raw.run("CREATE TABLE t(x)");
  raw.run("INSERT INTO t VALUES (7)");
}

/// Opening must fail with that code, say where and why, and leave nothing open.
void checkRefused(PoolFixture& f, ErrorCode code, const std::string& why) {
  const auto error = errorOf([&] { f.open(); });
  CHECK(error.has_value());
  if (!error) return;
  CHECK(error->code() == code);
  CHECK(contains(error->what(), f.config.database));
  CHECK_MESSAGE(contains(error->what(), why), error->what());
  CHECK_FALSE(f.pool.isOpen());
  CHECK(f.pool.metrics().totalConnections == 0);
}

}  // namespace

TEST_SUITE("integration/bad_input_path") {
  TEST_CASE("a directory is refused") {
    PoolFixture f;
    fs::create_directory(f.config.database);
    checkRefused(f, ErrorCode::CannotOpen, "is a directory");
    f.config.database = f.directory.path() + "/";
    checkRefused(f, ErrorCode::CannotOpen, "directory");
  }

  TEST_CASE("a missing directory is refused and not made") {
    PoolFixture f;
    f.config.database = f.directory.file("no/such/directory/test.db");
    checkRefused(f, ErrorCode::CannotOpen, "directory");
    CHECK_FALSE(fs::exists(f.directory.file("no")));
  }

  TEST_CASE("a path through a file is refused") {
    PoolFixture f;
    std::ofstream(f.directory.file("file")) << "x";
    f.config.database = f.directory.file("file/test.db");
    checkRefused(f, ErrorCode::CannotOpen, "directory");
  }

  TEST_CASE("a fifo is refused without waiting for a writer") {
    PoolFixture f;
    REQUIRE(::mkfifo(f.config.database.c_str(), 0600) == 0);
    checkRefused(f, ErrorCode::CannotOpen, "not a regular file");
  }

  TEST_CASE("a device is refused") {
    PoolFixture f;
    f.config.database = "/dev/null";
    checkRefused(f, ErrorCode::CannotOpen, "not a regular file");
  }

  TEST_CASE("a symbolic link is refused, also one that leads nowhere") {
    PoolFixture f;
    const std::string target = f.directory.file("target.db");
    fs::create_symlink(target, f.config.database);
    checkRefused(f, ErrorCode::CannotOpen, "symbolic link");
    CHECK_FALSE(fs::exists(target));
    makeDatabase(target);
    checkRefused(f, ErrorCode::CannotOpen, "symbolic link");
  }

  TEST_CASE("a directory that is a link is followed") {
    PoolFixture f;
    fs::create_directory(f.directory.file("real"));
    fs::create_symlink(f.directory.file("real"), f.directory.file("link"));
    f.config.database = f.directory.file("link/test.db");
    CHECK(f.pool.open(f.config).database == f.directory.file("real/test.db"));
  }

  TEST_CASE("a missing file is refused where it is not to be created") {
    PoolFixture f;
    f.config.createIfMissing = false;
    checkRefused(f, ErrorCode::CannotOpen, "createIfMissing");
    CHECK_FALSE(fs::exists(f.config.database));
    makeDatabase(f.config.database);
    f.open();
    CHECK(f.pool.queryValue<int>("SELECT x FROM t") == 7);
  }

  TEST_CASE("names that SQLite would read as something else are ordinary files") {
    const TempDirectory directory;
    const WorkingDirectory inside(directory.path());
    for (const std::string name :
         {"file:test.db?mode=ro", "file:test.db?vfs=none&nolock=1", "file:memory?mode=memory", "a?b#c%20d.db", "-rf",
          " ", "Zürich 🙂.db", ":memory", "quote'\"`.db", "new\nline.db"}) {
      CAPTURE(name);
      PoolFixture f;
      f.config.database = name;
      const OpenReport report = f.pool.open(f.config);
      CHECK(report.database == directory.file(name));
      f.pool.run("CREATE TABLE t(x)");
      f.pool.close();
      CHECK(fs::is_regular_file(directory.file(name)));
      CHECK(fs::file_size(directory.file(name)) > 0);
    }
    CHECK_FALSE(fs::exists(directory.file("test.db")));
  }

  TEST_CASE("a relative path means what it meant when the database was opened") {
    PoolFixture f;
    fs::create_directory(f.directory.file("elsewhere"));
    std::optional<WorkingDirectory> inside(f.directory.path());
    f.config.database = "./relative.db";
    f.openWithRows(1);
    inside.reset();
    const WorkingDirectory elsewhere(f.directory.file("elsewhere"));
    f.pool.acquire().discard();  // Opens another handle.
    CHECK(f.rows() == 1);
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM item") == 1);
    CHECK(fs::exists(f.directory.file("relative.db")));
    CHECK(fs::is_empty(f.directory.file("elsewhere")));
  }

  TEST_CASE("a name too long for SQLite or the system is refused and leaves nothing behind") {
    PoolFixture f;
    f.config.database = f.directory.file(std::string(300, 'x'));
    checkRefused(f, ErrorCode::CannotOpen, "");
    std::string deep = f.directory.path();
    for (int i = 0; i < 4; ++i) {
      deep += "/" + std::string(120, 'd');
      fs::create_directory(deep);
    }
    f.config.database = deep + "/" + std::string(120, 'x');
    checkRefused(f, ErrorCode::CannotOpen, "");
    CHECK(fs::is_empty(deep));
  }

  TEST_CASE("a file that may only be read is refused as such") {
    PoolFixture f;
    makeDatabase(f.config.database);
    give(f.config.database, 0400);
    give(f.directory.path(), 0700);
    const int result = asNobody(f.directory.path(), [&] {
      const auto error = errorOf([&] { f.open(); });
      return error && error->code() == ErrorCode::ReadOnly && error->recovery() == Recovery::CheckStorage &&
                     contains(error->what(), "test.db") && contains(error->what(), "permission")
                 ? kGood
                 : 1;
    });
    if (result != kNoRights) CHECK(result == kGood);
  }

  TEST_CASE("a file that may not be read is refused") {
    PoolFixture f;
    makeDatabase(f.config.database);
    give(f.config.database, 0000);
    give(f.directory.path(), 0700);
    const int result = asNobody(f.directory.path(), [&] {
      const auto error = errorOf([&] { f.open(); });
      return error && error->code() == ErrorCode::CannotOpen && contains(error->what(), "test.db") ? kGood : 1;
    });
    if (result != kNoRights) CHECK(result == kGood);
  }

  TEST_CASE("a directory that may only be read is refused as such") {
    PoolFixture f;
    give(f.directory.path(), 0500);
    const int missing = asNobody(f.directory.path(), [&] {
      const auto error = errorOf([&] { f.open(); });
      return error && error->code() == ErrorCode::ReadOnly && contains(error->what(), "test.db") ? kGood : 1;
    });
    if (missing != kNoRights) CHECK(missing == kGood);
    give(f.directory.path(), 0700);
    makeDatabase(f.config.database);
    give(f.config.database, 0600);
    give(f.directory.path(), 0500);
    const int present = asNobody(f.directory.path(), [&] {
      const auto error = errorOf([&] { f.open(); });  // There is no place for the log.
      return error && (error->code() == ErrorCode::ReadOnly || error->code() == ErrorCode::CannotOpen) ? kGood : 1;
    });
    if (present != kNoRights) CHECK(present == kGood);
    give(f.directory.path(), 0700);
  }

  TEST_CASE("after a refusal the same pool can be opened") {
    PoolFixture f;
    fs::create_directory(f.config.database);
    for (int i = 0; i < 3; ++i) CHECK(codeOf([&] { f.open(); }) == ErrorCode::CannotOpen);
    fs::remove(f.config.database);
    f.openWithRows(1);
    CHECK(f.rows() == 1);
    f.pool.close();
    CHECK(inChild([&] {  // Nothing counts as open either.
            f.open();
            return f.rows() == 1 ? kGood : 1;
          }) == kGood);
  }

  TEST_CASE("a configuration that makes no sense opens nothing and names the field") {
    PoolFixture f;
    const std::vector<std::pair<std::string, void (*)(ConnectionConfig&)>> cases{
        {"database", [](ConnectionConfig& c) { c.database.clear(); }},
        {"database", [](ConnectionConfig& c) { c.database = ":memory:"; }},
        {"database", [](ConnectionConfig& c) { c.database.append("\0hidden", 7); }},
        {"poolSize", [](ConnectionConfig& c) { c.poolSize = 0; }},
        {"poolSize", [](ConnectionConfig& c) { c.poolSize = 65; }},
        {"minPoolSize", [](ConnectionConfig& c) { c.minPoolSize = 0; }},
        {"minPoolSize", [](ConnectionConfig& c) { c.minPoolSize = 5; }},
        {"busyTimeout", [](ConnectionConfig& c) { c.busyTimeout = -1ms; }},
        {"acquireTimeout", [](ConnectionConfig& c) { c.acquireTimeout = 2h; }},
        {"closeTimeout", [](ConnectionConfig& c) { c.closeTimeout = -5ms; }},
        {"memoryLimit", [](ConnectionConfig& c) { c.memoryLimit = 1000; }},
        {"cacheSize", [](ConnectionConfig& c) { c.cacheSize = 1; }},
        {"statementCacheEntries", [](ConnectionConfig& c) { c.statementCacheEntries = 0; }},
        {"checkpointPages", [](ConnectionConfig& c) { c.checkpointPages = 1; }},
        {"forceCleanupAfter", [](ConnectionConfig& c) { c.forceCleanupAfter = 1s; }},
        {"retry.maxRetries", [](ConnectionConfig& c) { c.retry.maxRetries = -1; }},
        {"retry.multiplier", [](ConnectionConfig& c) { c.retry.multiplier = 0.5; }},
        {"retry.jitter", [](ConnectionConfig& c) { c.retry.jitter = 1.5; }}};
    for (const auto& [field, spoil] : cases) {
      const std::string name(field);  // clang 14 does not capture a structured binding.
      CAPTURE(name);
      ConnectionConfig config = f.config;
      spoil(config);
      const auto error = errorOf([&config = config, &f] { f.pool.open(config); });
      CHECK(error.has_value());
      if (!error) continue;
      CHECK(error->code() == ErrorCode::InvalidConfig);
      CHECK(contains(error->what(), field));
      CHECK_FALSE(f.pool.isOpen());
    }
    CHECK(fs::is_empty(f.directory.path()));
  }

  TEST_CASE("what lies in the place of the log must be an ordinary file") {
    bool link = false;
    SUBCASE("a link") { link = true; }
    SUBCASE("a directory") {}
    for (const char* suffix : {"-wal", "-shm", "-journal"}) {
      PoolFixture f;
      const std::string companion = f.config.database + suffix;
      link ? fs::create_symlink(f.directory.file("elsewhere"), companion)
           : static_cast<void>(fs::create_directory(companion));
      const auto error = errorOf([&] { f.open(); });
      REQUIRE(error.has_value());
      CHECK(error->code() == ErrorCode::CannotOpen);
      CHECK(contains(error->what(), suffix));
      fs::remove(companion);
      f.openWithRows(1);
      CHECK(f.rows() == 1);
    }
  }
}
