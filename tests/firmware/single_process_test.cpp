// Without threads on a system that has other processes.

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <functional>
#include <string>

#include <holdfast/connection_pool.hpp>

#include "core/port/process.hpp"
#include "support/child_process.hpp"
#include "support/pool_fixture.hpp"

using holdfast::Access;
using holdfast::ConnectionPool;
using holdfast::ErrorCode;
using holdfast::PooledConnection;
using holdfast::Transaction;
using holdfast::test::codeOf;
using holdfast::test::inChild;
using holdfast::test::PoolFixture;
using holdfast::test::RawSqlite;

namespace {

/// SQLite's own file layer, of which one sync of a database fails on demand, and what others do meanwhile. The default
/// one while the object lives.
class FailingSync {
 public:
  FailingSync() {
    inner() = sqlite3_vfs_find("unix");
    vfs_ = *inner();
    vfs_.zName = "failing-sync";
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + inner()->szOsFile;
    vfs_.xOpen = &open;
    sqlite3_vfs_register(&vfs_, 1);
  }
  FailingSync(const FailingSync&) = delete;
  FailingSync& operator=(const FailingSync&) = delete;
  ~FailingSync() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(inner(), 1);
    armed() = false;
  }

  /// The next sync of a database fails; `others` is called once its locks are let go.
  void arm(std::function<void()> others) {
    afterwards() = std::move(others);
    armed() = true;
  }

 private:
  struct File {
    sqlite3_file base;
    bool isDatabase;
    bool failed;
    sqlite3_file* real() noexcept { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };

  static sqlite3_vfs*& inner() {
    static sqlite3_vfs* vfs = nullptr;
    return vfs;
  }
  static bool& armed() {
    static bool value = false;
    return value;
  }
  static std::function<void()>& afterwards() {
    static std::function<void()> function;
    return function;
  }
  static File& of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
  static sqlite3_file* real(sqlite3_file* file) { return of(file).real(); }

  static int open(sqlite3_vfs*, const char* name, sqlite3_file* base, int flags, int* outFlags) {
    File& file = of(base);
    file.base.pMethods = nullptr;
    file.isDatabase = (flags & SQLITE_OPEN_MAIN_DB) != 0;
    file.failed = false;
    const int code = inner()->xOpen(inner(), name, file.real(), flags, outFlags);
    if (file.real()->pMethods != nullptr) file.base.pMethods = &methods();
    return code;
  }
  static int sync(sqlite3_file* base, int flags) {
    File& file = of(base);
    if (!file.isDatabase || !armed()) return file.real()->pMethods->xSync(file.real(), flags);
    armed() = false;
    file.failed = true;
    return SQLITE_IOERR_FSYNC;
  }
  static int unlock(sqlite3_file* base, int level) {
    File& file = of(base);
    const int code = file.real()->pMethods->xUnlock(file.real(), level);
    if (!file.failed || level != SQLITE_LOCK_NONE) return code;
    file.failed = false;
    afterwards()();
    return code;
  }
  /// Without shared memory: nobody has a log here.
  static const sqlite3_io_methods& methods() {
    static const sqlite3_io_methods table = [] {
      sqlite3_io_methods made{};
      made.iVersion = 1;
      made.xClose = [](sqlite3_file* f) { return real(f)->pMethods->xClose(real(f)); };
      made.xRead = [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
        return real(f)->pMethods->xRead(real(f), to, n, at);
      };
      made.xWrite = [](sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
        return real(f)->pMethods->xWrite(real(f), from, n, at);
      };
      made.xTruncate = [](sqlite3_file* f, sqlite3_int64 n) { return real(f)->pMethods->xTruncate(real(f), n); };
      made.xSync = &sync;
      made.xFileSize = [](sqlite3_file* f, sqlite3_int64* n) { return real(f)->pMethods->xFileSize(real(f), n); };
      made.xLock = [](sqlite3_file* f, int level) { return real(f)->pMethods->xLock(real(f), level); };
      made.xUnlock = &unlock;
      made.xCheckReservedLock = [](sqlite3_file* f, int* held) {
        return real(f)->pMethods->xCheckReservedLock(real(f), held);
      };
      made.xFileControl = [](sqlite3_file* f, int what, void* argument) {
        return real(f)->pMethods->xFileControl(real(f), what, argument);
      };
      made.xSectorSize = [](sqlite3_file* f) { return real(f)->pMethods->xSectorSize(real(f)); };
      made.xDeviceCharacteristics = [](sqlite3_file* f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); };
      return made;
    }();
    return table;
  }

  sqlite3_vfs vfs_{};
};

}  // namespace

TEST_SUITE("firmware/single_process") {
  TEST_CASE("after fork() the child is refused everything and harms nothing") {
    PoolFixture fixture;
    fixture.openWithRows(3);
    ConnectionPool& pool = fixture.pool;
    PooledConnection lease = pool.acquire(Access::Read);
    const int failures = inChild([&] {
      int wrong = holdfast::port::forkGeneration() == 1 ? 0 : 1;
      const auto refused = [&](auto call) { wrong += codeOf(call) == ErrorCode::ForkedProcess ? 0 : 1; };
      refused([&] { pool.acquire(Access::Read); });
      refused([&] { pool.tryAcquire(); });
      refused([&] { pool.run("DELETE FROM item"); });
      refused([&] { pool.query("SELECT 1"); });
      refused([&] { lease->query("SELECT 1"); });
      refused([&] { pool.transaction([](Transaction&) {}); });
      refused([&] { pool.tick(); });
      refused([&] { pool.checkHealth(); });
      refused([&] { fixture.open(); });
      refused([&] { ConnectionPool another(fixture.config); });
      refused([&] { pool.close(); });
      lease.release();
      return wrong;
    });
    CHECK(failures == 0);
    CHECK(lease->query("SELECT * FROM item").size() == 3);
    lease.release();
    pool.run("DELETE FROM item");
    CHECK(fixture.rows() == 0);
  }

  TEST_CASE("a process forked before anything is open opens it, and draws other numbers") {
    const PoolFixture fixture;
    const double drawn = holdfast::port::randomUnit();
    const int wrong = inChild([&] {
      ConnectionPool pool(fixture.config);
      pool.run("CREATE TABLE item(name TEXT)");
      return drawn == holdfast::port::randomUnit() ? 1 : 0;
    });
    CHECK(wrong == 0);
    CHECK(fixture.names("rowid").empty());
  }

  TEST_CASE("a COMMIT that failed is told as such: the next one undoes it") {
    FailingSync medium;
    PoolFixture f;
    f.openWithRows(0);
    medium.arm([] {});
    CHECK(codeOf(f.inserts("ours")) == ErrorCode::IoError);
    CHECK(f.rows() == 0);
    f.inserts("ours")();
    CHECK(f.rows() == 1);
    CHECK(f.isSound());
  }

  TEST_CASE("a COMMIT that failed and that another process undid and outran is not taken for done") {
    FailingSync medium;
    PoolFixture f;
    f.openWithRows(0);
    medium.arm([&f] { RawSqlite(f.config.database).run("INSERT INTO item(name) VALUES ('theirs')"); });
    CHECK(codeOf(f.inserts("ours")) == ErrorCode::OutcomeUnknown);
    CHECK(f.names() == "theirs");
    f.inserts("ours")();
    CHECK(f.names() == "theirs ours");
    CHECK(f.isSound());
  }
}
