#include <doctest/doctest.h>

#include <string>

#include <holdfast/repository.hpp>
#include <holdfast/units.hpp>

#include "support/pool_fixture.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Note {
  std::string name{};
  std::string text{};
};

}  // namespace

template <>
struct holdfast::Mapping<Note> {
  static constexpr auto table =
      holdfast::table<Note>("note", primaryKey("name", &Note::name), column("text", &Note::text));
};

TEST_CASE("memory that runs short empties caches") {
  PoolFixture f;
  f.config.memoryLimit = 2 * MiB;
  f.open();
  const BaseRepository<Note> notes(f.pool, {.cacheEnabled = true, .cacheMaxBytes = 8 * MiB});
  notes.createTable();
  const std::string text(20'000, 'x');
  for (int i = 0; i < 150; ++i) notes.create({.name = std::to_string(i), .text = text});
  f.pool.tick();
  notes.findById("0");
  CHECK(notes.cache().bytes() > 0);
  f.pool.tick();
  CHECK(notes.cache().bytes() > 0);  // There is room.
  for (int i = 0; i < 150; ++i) notes.findById(std::to_string(i));
  // 3 MB would be: of the limit all caches have an eighth.
  CHECK(notes.cache().bytes() > 200 * KiB);
  CHECK(notes.cache().bytes() <= 256 * KiB);
  {
    // One that is full does not keep another one empty, and housekeeping brings them to their parts.
    const BaseRepository<Note> others(f.pool, {.cacheEnabled = true, .cacheMaxBytes = 8 * MiB});
    for (int i = 0; i < 150; ++i) others.findById(std::to_string(i));
    CHECK(others.cache().bytes() > 100 * KiB);
    f.pool.tick();
    CHECK(notes.cache().bytes() + others.cache().bytes() <= 256 * KiB);
    CHECK(notes.cache().bytes() > 60 * KiB);
  }
  f.pool.reportMemoryPressure(MemoryStage::Critical);
  CHECK(notes.cache().bytes() == 0);
  f.pool.reportMemoryPressure(MemoryStage::Normal);
  CHECK(notes.findById("7")->text == text);
}
