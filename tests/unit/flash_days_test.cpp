#include "policy/flash_days.hpp"

#include <doctest/doctest.h>

#include <memory>

#include <holdfast/units.hpp>

using namespace std::chrono_literals;
using namespace holdfast;

namespace {

FlashFiles logged(std::uint64_t bytes, std::uint64_t syncs = 1) {
  FlashFiles files;
  files.log = {bytes, syncs};
  return files;
}

}  // namespace

TEST_SUITE("policy/flash_days") {
  TEST_CASE("what is written counts for the present day and in all") {
    FlashDays days;
    days.add(logged(100), 1h);
    days.add(logged(50), 1h);
    FlashFiles others;
    others.database = {7, 2};
    others.journal = {5, 1};
    others.other = {3, 1};
    days.add(others, 1h);
    const FlashReport report = days.report(0, 0);
    CHECK(report.total.log.bytes == 150);
    CHECK(report.total.log.syncs == 2);
    CHECK(report.total.bytes() == 165);
    CHECK(report.total.syncs() == 6);
    REQUIRE(report.days.size() == 1);
    CHECK(report.days[0].bytes() == 165);
    CHECK(report.dayTime == 3h);
    CHECK(report.runningTime == 3h);
  }

  TEST_CASE("a day is 24 hours of running, whatever the time of day says") {
    FlashDays days;
    days.add(logged(100), 23h);
    CHECK(days.day() == 0);
    days.add(logged(20), 1h);  // It was written on the day that is over now.
    CHECK(days.day() == 1);
    days.add(logged(3), 30min);
    FlashReport report = days.report(0, 0);
    REQUIRE(report.days.size() == 2);
    CHECK(report.days[0].bytes() == 3);
    CHECK(report.days[1].bytes() == 120);
    CHECK(report.dayTime == 30min);
    CHECK(report.runningTime == 24h + 30min);
    days.add({}, 72h);
    report = days.report(0, 0);
    CHECK(report.days.size() == 5);
    CHECK(report.days[3].bytes() == 3);
    days.add(logged(1), -5h);  // A clock that goes back is not followed.
    CHECK(days.report(0, 0).runningTime == 96h + 30min);
  }

  TEST_CASE("so many days are kept, and the total stays") {
    FlashDays days;
    for (int i = 0; i < 100; ++i) days.add(logged(10), 24h);
    const FlashReport report = days.report(0, 0);
    CHECK(report.days.size() == FlashDays::kDays);
    CHECK(report.total.bytes() == 1000);
    CHECK(days.day() == 100);
    CHECK(report.bytesPerDay == 10);
  }

  TEST_CASE("the life that is left is reckoned by the days that are known") {
    FlashDays days;
    days.add(logged(10 * MiB), 59min);
    CHECK(days.report(GiB, 0).bytesPerDay == 0);
    CHECK_FALSE(days.report(GiB, 0).daysLeft);
    days.add(logged(14 * MiB), 11h + 1min);
    FlashReport report = days.report(480 * MiB, 0);
    CHECK(report.bytesPerDay == 48 * MiB);
    CHECK(report.enduranceUsed == doctest::Approx(0.05));
    REQUIRE(report.daysLeft);
    CHECK(*report.daysLeft == doctest::Approx(9.5));
    CHECK(report.endurance == 480 * MiB);
    report = days.report(MiB, 0);
    CHECK(*report.daysLeft == 0);
    CHECK_FALSE(days.report(0, 0).daysLeft);
  }

  TEST_CASE("a day is over its budget when more was written than that") {
    FlashDays days;
    days.add(logged(100), 1h);
    CHECK_FALSE(days.report(0, 0).overBudget);
    CHECK_FALSE(days.report(0, 100).overBudget);
    CHECK(days.report(0, 99).overBudget);
    CHECK(days.report(0, 99).dailyBudget == 99);
  }

  TEST_CASE("a record brings everything back") {
    FlashDays days;
    for (int i = 0; i < 5; ++i) days.add(logged(static_cast<std::uint64_t>(i) << 40, 3), 20h);
    const auto record = std::make_unique<FlashDays::Record>();
    days.write(*record, 77);
    const std::optional<FlashDays::Read> read = FlashDays::read(*record);
    REQUIRE(read);
    CHECK(read->number == 77);
    CHECK(read->days.day() == days.day());
    const FlashReport before = days.report(GiB, 1);
    const FlashReport after = read->days.report(GiB, 1);
    CHECK(after.runningTime == before.runningTime);
    CHECK(after.total.bytes() == before.total.bytes());
    REQUIRE(after.days.size() == before.days.size());
    for (std::size_t i = 0; i < after.days.size(); ++i) CHECK(after.days[i].log.bytes == before.days[i].log.bytes);
  }

  TEST_CASE("a record that is torn, changed or something else is none") {
    const auto record = std::make_unique<FlashDays::Record>();
    FlashDays().write(*record, 1);
    CHECK(FlashDays::read(*record));
    for (const std::size_t at : {std::size_t{0}, std::size_t{20}, std::size_t{2000}, FlashDays::kRecordBytes - 1}) {
      (*record)[at] ^= std::byte{1};
      CHECK_FALSE(FlashDays::read(*record));
      (*record)[at] ^= std::byte{1};
    }
    CHECK_FALSE(FlashDays::read(std::span(*record).first(100)));
    CHECK_FALSE(FlashDays::read({}));
    record->fill(std::byte{0});
    CHECK_FALSE(FlashDays::read(*record));
  }

  TEST_CASE("counts that begin anew are not taken for negative ones") {
    CHECK((logged(5) - logged(7)).log.bytes == 0);
    CHECK((logged(7, 3) - logged(5, 1)).log.syncs == 2);
  }
}
