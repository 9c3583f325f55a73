// Housekeeping reads the database file in passing.

#include <doctest/doctest.h>

#include <string>

#include <holdfast/holdfast.hpp>

#include "integration/start_up_fixture.hpp"
#include "support/faulty_vfs.hpp"
#include "support/page_sums.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;
using holdfast::testing::FaultyDisk;
using holdfast::testing::IoFault;

namespace {

struct Scrubbed : StartUpFixture {
  explicit Scrubbed(bool checksums = true) {
    config.pageChecksums = checksums;
    config.scrubRate = 64 * KiB;
  }
  /// Until it has come to the end of the file once more.
  void round() {
    const std::uint64_t before = pool.metrics().scrubRounds;
    for (int minutes = 0; minutes < 100 && pool.metrics().scrubRounds == before; ++minutes) minute();
    REQUIRE(pool.metrics().scrubRounds == before + 1);
  }
  void minute() {
    clock->advance(1min);
    pool.tick();
  }
  void flip(const std::string& text) { flipBit(config.database, 8 * fileContent(config.database).find(text)); }
};

std::size_t number(const std::string& bytes, std::size_t at) {
  std::size_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i) value = value * 256 + static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

TEST_SUITE("integration/scrub") {
  TEST_CASE("it reads what is due, and begins anew at the end") {
    Scrubbed f;
    f.make();
    f.open();
    const auto pages = static_cast<std::uint64_t>(fileContent(f.config.database).size() / kPageBytes);
    f.pool.tick();
    CHECK(f.pool.metrics().scrubbedPages == 0);
    f.clock->advance(15s);
    f.pool.tick();
    CHECK(f.pool.metrics().scrubbedPages == 4);
    f.clock->advance(24h);  // However long it was.
    f.pool.tick();
    CHECK(f.pool.metrics().scrubbedPages == 20);
    f.round();
    CHECK(f.pool.metrics().scrubbedPages == pages);
    f.round();
    CHECK(f.pool.metrics().scrubbedPages == 2 * pages);
    CHECK(f.pool.metrics().scrubFindings == 0);
    CHECK(f.events->count(EventKind::DamageFound) == 0);
  }

  TEST_CASE("none is done where it is switched off") {
    Scrubbed f;
    f.config.scrubRate = 0;
    f.make();
    f.open();
    f.minute();
    CHECK(f.pool.metrics().scrubbedPages == 0);
  }

  TEST_CASE("a page that changed while nobody read it is found") {
    Scrubbed f;
    f.make();
    f.flip("000999");
    f.open();
    CHECK(f.pool.storageState() == StorageState::Ok);
    for (int minutes = 0; minutes < 100 && f.pool.metrics().scrubFindings == 0; ++minutes) f.minute();
    CHECK(f.pool.metrics().scrubFindings == 1);
    CHECK(f.pool.metrics().damageFound == 1);
    CHECK(f.pool.storageState() == StorageState::Damaged);
    REQUIRE(f.events->count(EventKind::DamageFound) == 1);
    CHECK(contains(f.events->of(EventKind::DamageFound).front().detail, "does not match its checksum"));
    CHECK(f.logger->contains("found by reading"));
  }

  TEST_CASE("a changed page that nothing is in is told of, and no damage of the storage") {
    Scrubbed f;
    f.make();
    f.open();
    f.pool.run("DELETE FROM item WHERE id > 100");
    f.pool.close();
    // The list of unused pages: the header names its first page, which names others.
    const std::size_t trunk = number(fileContent(f.config.database), 32);
    REQUIRE(trunk != 0);
    const std::size_t unused = number(fileContent(f.config.database), (trunk - 1) * kPageBytes + 8);
    flipBit(f.config.database, 8 * ((unused - 1) * kPageBytes + 100));
    f.open();
    f.round();
    CHECK(f.pool.metrics().scrubFindings == 1);
    REQUIRE(f.events->count(EventKind::DamageFound) == 1);
    CHECK(contains(f.events->of(EventKind::DamageFound).front().detail, "nothing is in that page"));
    CHECK(f.pool.storageState() == StorageState::Ok);
    f.pool.close();
    f.flip("000011");
    f.open();
    for (int minutes = 0; minutes < 100 && f.pool.metrics().scrubFindings == 0; ++minutes) f.minute();
    CHECK(f.pool.storageState() == StorageState::Damaged);
  }

  TEST_CASE("a page that cannot be read is found without checksums, too") {
    FaultyDisk disk;
    Scrubbed f(false);
    f.make();
    f.open();
    f.minute();
    CHECK(f.pool.metrics().scrubFindings == 0);
    disk.fail({.role = FileRole::Database, .action = FileAction::Read, .times = IoFault::kForEver});
    f.minute();
    disk.heal();
    CHECK(f.pool.metrics().scrubFindings == 1);
    CHECK(f.events->count(EventKind::DamageFound) == 1);
  }

  TEST_CASE("what looks bad while the log cannot be copied is looked at again later") {
    Scrubbed f;
    f.make();
    f.flip("000011");
    f.open();
    f.pool.run("INSERT INTO item(name) VALUES ('in the log')");
    {
      RawSqlite reader(f.config.database);
      reader.run("BEGIN");
      CHECK(reader.integer("SELECT count(*) FROM sqlite_schema") > 0);
      f.pool.run("INSERT INTO item(name) VALUES ('behind it')");
      for (int minutes = 0; minutes < 10; ++minutes) f.minute();
      CHECK(f.pool.metrics().scrubFindings == 0);
    }
    f.minute();
    CHECK(f.pool.metrics().scrubFindings == 1);
  }

  TEST_CASE("where the log cannot be copied for want of a medium that takes it, that is a line in the log") {
    FaultyDisk disk;
    Scrubbed f;
    f.make();
    f.open();
    f.pool.run("INSERT INTO item(name) VALUES ('in the log')");
    disk.fail({.role = FileRole::Database, .times = IoFault::kForEver});
    f.minute();
    disk.heal();
    CHECK(f.logger->contains("could not be read in passing"));
    CHECK(f.pool.metrics().scrubFindings == 0);
    f.minute();
    CHECK(f.rows() == kRows + 1);
  }
}
