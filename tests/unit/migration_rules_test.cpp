#include "storage/migration_rules.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include <holdfast/transaction.hpp>

#include "support/error_of.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

Migration step(int version, std::vector<Sql> sql) { return {.version = version, .name = "n", .sql = std::move(sql)}; }

Migrations listOf(std::vector<Migration> steps) { return {.steps = std::move(steps)}; }

AppliedMigration appliedOf(const Migration& migration) {
  return {migration.version,
          migration.name,
          checksumOf(migration),
          oldestWriterOf(migration),
          oldestReaderOf(migration),
          {},
          {}};
}

AppliedMigration limited(int version, int writer, int reader) { return {version, {}, 0, writer, reader, {}, {}}; }

std::string whyInvalid(const Migrations& migrations) {
  const auto error = errorOf([&] { checkMigrations(migrations); });
  if (!error) return {};
  CHECK(error->code() == ErrorCode::InvalidConfig);
  return error->reason();
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

const Migration kFirst = step(1, {"CREATE TABLE a(x)"});
const Migration kSecond = step(2, {"ALTER TABLE a ADD COLUMN y", "UPDATE a SET y = 1"});

}  // namespace

TEST_SUITE("storage/migration_rules") {
  TEST_CASE("versions are counted from 1, in order and without a gap") {
    CHECK(whyInvalid({}).empty());
    CHECK(whyInvalid(listOf({kFirst, kSecond})).empty());
    CHECK(has(whyInvalid(listOf({kSecond})), "stands where version 1 is due"));
    CHECK(has(whyInvalid(listOf({kFirst, step(3, {"SELECT 1"})})), "migration 3 (n) stands where version 2 is due"));
    CHECK(has(whyInvalid(listOf({kFirst, kSecond, kSecond})), "two migrations of version 2"));
    CHECK(versionOf(listOf({kFirst, kSecond})) == 2);
  }

  TEST_CASE("a step does something, and its limits make sense") {
    CHECK(has(whyInvalid(listOf({step(1, {})})), "does nothing"));
    CHECK(whyInvalid(listOf({{.version = 1, .name = "", .work = [](Transaction&) {}}})).empty());
    Migration limited = kFirst;
    limited.oldestWriter = 2;
    CHECK(has(whyInvalid(listOf({limited})), "oldestWriter (2)"));
    limited.oldestWriter = 0;
    limited.oldestReader = 1;
    CHECK(has(whyInvalid(listOf({limited})), "oldestReader (1)"));
    limited.oldestReader = -1;
    CHECK(has(whyInvalid(listOf({limited})), "oldestReader (-1)"));
    limited.oldestReader.reset();
    CHECK(whyInvalid(listOf({limited})).empty());
  }

  TEST_CASE("a trial has limits, and needs a backup") {
    Migrations list = listOf({kFirst});
    list.trial.starts = 3;
    CHECK(whyInvalid(list).empty());
    list.backup = false;
    CHECK(has(whyInvalid(list), "backup is off"));
    list.backup = true;
    for (const int starts : {-1, 101}) {
      list.trial = {.starts = starts};
      CHECK(has(whyInvalid(list), "0 to 100"));
      list.trial = {.starts = 1, .healthyStarts = starts};
      CHECK(has(whyInvalid(list), "0 to 100"));
    }
    for (const auto after : {std::chrono::milliseconds(-1), std::chrono::milliseconds(8761h)}) {
      list.trial = {.starts = 1, .healthyAfter = after};
      CHECK(has(whyInvalid(list), "healthyAfter"));
    }
  }

  TEST_CASE("a checksum is that of the texts and their order, not of the name") {
    CHECK(checksumOf(kFirst) == checksumOf(Migration{.version = 7, .name = "x", .sql = {"CREATE TABLE a(x)"}}));
    CHECK(checksumOf(kFirst) != checksumOf(step(1, {"CREATE TABLE a(y)"})));
    CHECK(checksumOf(step(1, {"A", "B"})) != checksumOf(step(1, {"B", "A"})));
    Migration worked = kFirst;
    worked.work = [](Transaction&) {};
    CHECK(checksumOf(worked) != checksumOf(kFirst));
    const std::vector<Migration> steps{kFirst, kSecond};
    const std::vector<AppliedMigration> applied{appliedOf(kFirst), appliedOf(kSecond)};
    CHECK(checksumOf(steps, 1) == checksumOf(applied, 1));
    CHECK(checksumOf(steps, 0) != checksumOf(steps, 1));
  }

  TEST_CASE("who may use a database is what its strictest migration says") {
    CHECK(contractOf({}).version == 0);
    std::vector<AppliedMigration> applied{limited(1, 1, 0), limited(2, 2, 1), limited(3, 0, 0)};
    const SchemaContract contract = contractOf(applied);
    CHECK(contract.version == 3);
    CHECK(contract.oldestWriter == 2);
    CHECK(contract.oldestReader == 1);
    CHECK(accessOf(contract, 4) == SchemaAccess::ReadWrite);
    CHECK(accessOf(contract, 2) == SchemaAccess::ReadWrite);
    CHECK(accessOf(contract, 1) == SchemaAccess::ReadOnly);
    CHECK(accessOf(contract, 0) == SchemaAccess::Refused);
    CHECK(has(whyNoAccess(contract, 1), "ends at 1"));
    CHECK(has(whyNoAccess(contract, 0), "brings no migrations"));
    CHECK(toText(SchemaAccess::ReadWrite) == "read-write");
    CHECK(toText(SchemaAccess::ReadOnly) == "read-only");
    CHECK(toText(SchemaAccess::Refused) == "refused");
  }

  TEST_CASE("a trial is lost by failed starts, and by an older program that may not write") {
    const SchemaContract contract{.version = 3, .oldestWriter = 3, .oldestReader = 2};
    TrialState trial{2, 3, {}, 2, 1, 1, 0};
    CHECK_FALSE(isTrialLost(trial, contract, 3));
    trial.begun = 2;
    CHECK(isTrialLost(trial, contract, 3));
    CHECK(isTrialLost(trial, contract, 4));
    trial.healthy = 1;
    CHECK_FALSE(isTrialLost(trial, contract, 3));
    CHECK(isTrialWon(trial));
    trial.healthyWanted = 2;
    CHECK_FALSE(isTrialWon(trial));
    trial.healthyWanted = 0;
    CHECK_FALSE(isTrialWon(trial));
    CHECK(isTrialLost(trial, contract, 2));
    trial.begun = 9;
    CHECK_FALSE(isTrialLost(trial, {.version = 3, .oldestWriter = 2, .oldestReader = 2}, 2));
  }

  TEST_CASE("the record in the database has to be that of these texts") {
    const Migrations list = listOf({kFirst, kSecond});
    std::vector<AppliedMigration> applied{appliedOf(kFirst)};
    checkHistory(list, applied);
    applied.push_back(appliedOf(kSecond));
    applied.push_back(limited(3, 3, 3));
    checkHistory(list, applied);  // A newer program's is no matter.
    applied[1].checksum ^= 1;
    auto error = errorOf([&] { checkHistory(list, applied); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::SchemaVersion);
    CHECK(has(error->reason(), "migration 2 (n) was applied to the database with another text"));
    applied.erase(applied.begin());
    error = errorOf([&] { checkHistory(list, applied); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::SchemaVersion);
    CHECK(has(error->reason(), "no entry of version 1"));
  }

  TEST_CASE("what was undone is tried again by another release, or with another text") {
    Migrations list = listOf({kFirst, kSecond});
    list.release = "2.0";
    const SchemaContract contract{.version = 1, .oldestWriter = 1, .oldestReader = 1};
    const UndoneMigration undone{2, 1, "2.0", "/x.undone-1", checksumOf(list.steps, 1)};
    checkRetry(list, contract, std::nullopt);
    const auto error = errorOf([&] { checkRetry(list, contract, undone); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::SchemaVersion);
    CHECK(has(error->reason(), "/x.undone-1"));
    checkRetry(listOf({kFirst}), contract, undone);  // Nothing is pending.
    Migrations other = list;
    other.release = "2.1";
    checkRetry(other, contract, undone);
    Migrations changed = listOf({kFirst, step(2, {"ALTER TABLE a ADD COLUMN z"})});
    changed.release = "2.0";
    checkRetry(changed, contract, undone);
    // More migrations of the same release do not make it another one.
    list.steps.push_back(step(3, {"SELECT 1"}));
    CHECK(codeOf([&] { checkRetry(list, contract, undone); }) == ErrorCode::SchemaVersion);
  }

  TEST_CASE("files beside the database are on record by their names, others by their paths") {
    CHECK(recordedName("/data/x.db.before-migration", "/data/x.db") == "x.db.before-migration");
    CHECK(recordedName("/data/sub/b.db", "/data/x.db") == "/data/sub/b.db");
    CHECK(recordedName("/other/b.db", "/data/x.db") == "/other/b.db");
    CHECK(pathOfRecorded("b.db", "/mnt/x.db") == "/mnt/b.db");
    CHECK(pathOfRecorded("/other/b.db", "/mnt/x.db") == "/other/b.db");
  }

  TEST_CASE("rows that name no other row are an error that says of which table") {
    requireNone({});
    CHECK(has(errorOf([] { requireNone({1, "child", "parent"}); })->reason(), "1 row names none"));
    const auto error = errorOf([] { requireNone({2, "child", "parent"}); });
    CHECK(error->code() == ErrorCode::Constraint);
    CHECK(has(error->reason(), "2 rows name none of another table, the first one of \"child\" none of \"parent\""));
  }
}
