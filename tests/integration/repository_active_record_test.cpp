// Entities that save themselves.

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <holdfast/active_record.hpp>

#include "support/pool_fixture.hpp"

using namespace holdfast;
using namespace holdfast::test;

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"  // It mentions the base.
#endif

namespace {

struct Device : ActiveRecord<Device> {
  std::int64_t id{};
  std::string name{};
  bool operator==(const Device&) const = default;
};

struct Cell : ActiveRecord<Cell> {
  std::string sheet{};
  std::int32_t row{};
  std::string text{};
};

static_assert(std::is_aggregate_v<Device>);
static_assert(sizeof(Device) == sizeof(std::pair<std::int64_t, std::string>));

}  // namespace

template <>
struct holdfast::Mapping<Device> {
  static constexpr auto table =
      holdfast::table<Device>("device", primaryKey("id", &Device::id), column("name", &Device::name).unique());
};
template <>
struct holdfast::Mapping<Cell> {
  static constexpr auto table = holdfast::table<Cell>("cell", primaryKey("sheet", &Cell::sheet),
                                                      primaryKey("row", &Cell::row), column("text", &Cell::text));
};

namespace {

struct Capitals : BaseRepository<Device> {
  using BaseRepository::BaseRepository;
  void beforeCreate(Device& device, Transaction* /*transaction*/) const override { device.name[0] = 'X'; }
};

struct Opened : PoolFixture {
  Opened() {
    open();
    ActiveRecord<Device>::use(pool);
    ActiveRecord<Cell>::use(pool);
    Device::repository().createTable();
    Cell::repository().createTable();
  }
  ~Opened() {
    ActiveRecord<Device>::stopUsing();
    ActiveRecord<Cell>::stopUsing();
  }
};

}  // namespace

TEST_SUITE("integration/repository_active_record") {
  TEST_CASE("a record saves itself and is found again") {
    Opened f;
    Device device{.name = "boiler"};
    device.save();
    CHECK(device.id == 1);
    CHECK(Device::find(1) == device);
    device.name = "pump";
    device.save();
    CHECK(Device::find(1)->name == "pump");
    Device named{{}, 7, "chosen"};
    named.save();
    CHECK(Device::findMany({.orderBy = {descending(&Device::id)}}).front() == named);
    CHECK(Device::findOne({.where = field(&Device::name) == "pump"})->id == 1);
    CHECK(Device::find(7, {.select = {&Device::id}})->name.empty());
    CHECK_FALSE(Device::find(99).has_value());
  }

  TEST_CASE("a record is read again and removed") {
    Opened f;
    Device device{.name = "boiler"};
    device.save();
    f.pool.run("UPDATE device SET name = 'other'");
    CHECK(device.reload());
    CHECK(device.name == "other");
    CHECK(device.remove());
    CHECK_FALSE(device.remove());
    CHECK_FALSE(device.reload());
    CHECK(device.name == "other");
    Cell cell{{}, "s", 3, "text"};
    cell.save();
    cell.text = "new";
    cell.save();
    CHECK(Cell::find({"s", 3})->text == "new");
    CHECK(cell.remove());
    CHECK_FALSE(Cell::find({"s", 3}).has_value());
  }

  TEST_CASE("a record takes part in a transaction") {
    Opened f;
    Device kept{.name = "kept"};
    kept.save();
    CHECK_THROWS_AS(f.pool.transaction([&](Transaction& tx) {
      Device device{.name = "gone"};
      device.save(tx);
      CHECK(device.id == 2);
      CHECK(device.reload(tx));
      CHECK(kept.remove(tx));
      throw std::runtime_error("no");
    }),
                    std::runtime_error);
    CHECK(Device::findMany() == std::vector<Device>{kept});
  }

  TEST_CASE("a record uses the hooks of its repository") {
    Opened f;
    ActiveRecord<Device>::use(std::make_shared<Capitals>(f.pool));
    Device device{.name = "boiler"};
    device.save();
    CHECK(device.name == "Xoiler");
    f.pool.transaction([&](Transaction& tx) {
      Device other{.name = "pump"};
      other.save(tx);
      CHECK(other.name == "Xump");
    });
  }

  TEST_CASE("a record that could not be saved is as it was") {
    Opened f;
    Device device{.name = "same"};
    device.save();
    Device again{.name = "same"};
    CHECK(codeOf([&] { again.save(); }) == ErrorCode::Constraint);
    CHECK(again.id == 0);
    CHECK(again.name == "same");
    ActiveRecord<Device>::stopUsing();
    const auto error = errorOf([&] { again.save(); });
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::Misuse);
    CHECK(contains(error->what(), "device"));
  }
}
