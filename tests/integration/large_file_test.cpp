// Databases beyond 2 GiB. The file is sparse: it takes no more room than what is written.

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include <holdfast/units.hpp>

#include "support/pool_fixture.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

constexpr std::int64_t kPageBytes = 4096;
constexpr std::int64_t kLarge = 3 * GiB;

/// Fields of a database's header are written with the highest byte first.
void writeField(std::fstream& file, std::streamoff at, std::uint32_t value) {
  std::array<char, 4> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(value >> (24 - 8 * i));
  file.seekp(at);
  file.write(bytes.data(), bytes.size());
}

std::uint32_t readField(std::fstream& file, std::streamoff at) {
  std::array<unsigned char, 4> bytes{};
  file.seekg(at);
  file.read(reinterpret_cast<char*>(bytes.data()), bytes.size());
  std::uint32_t value = 0;
  for (const unsigned char byte : bytes) value = value << 8 | byte;
  return value;
}

/// Makes the file so long that whatever is added comes behind. SQLite believes the header's count of pages where that was
/// written together with the change counter.
void lengthen(const std::string& path) {
  constexpr std::streamoff kChangeCounter = 24;
  constexpr std::streamoff kPageCount = 28;
  constexpr std::streamoff kValidFor = 92;
  REQUIRE(::truncate(path.c_str(), kLarge) == 0);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  writeField(file, kPageCount, static_cast<std::uint32_t>(kLarge / kPageBytes));
  writeField(file, kValidFor, readField(file, kChangeCounter));
  REQUIRE(file.good());
}

}  // namespace

TEST_SUITE("integration/large_file") {
  TEST_CASE("rows beyond 2 GiB are written, checkpointed and read back") {
    PoolFixture f;
    f.openWithRows(3);
    f.pool.close();
    lengthen(f.config.database);

    f.open();
    const std::string text(20'000, 'x');
    f.pool.transaction([&](Transaction& tx) {
      for (int i = 0; i < 20; ++i) tx.run("INSERT INTO item(name) VALUES (?)", text + std::to_string(i));
    });
    CHECK(f.rows() == 23);
    f.reopen();  // What was in the log lies in the file now.
    CHECK(std::filesystem::file_size(f.config.database) > static_cast<std::uintmax_t>(kLarge));
    CHECK(f.rows() == 23);
    CHECK(f.pool.queryValue<std::string>("SELECT name FROM item WHERE id = 23") == text + "19");
    CHECK(f.pool.queryValue<std::int64_t>("SELECT sum(length(name)) FROM item WHERE id > 3") == 20 * 20'000 + 30);
    f.pool.run("UPDATE item SET name = 'short' WHERE id = 23");
    CHECK(f.pool.queryValue<std::string>("SELECT name FROM item WHERE id = 23") == "short");
  }

  TEST_CASE("a text of a time after 2038 is computed with") {
    PoolFixture f;
    f.open();
    CHECK(f.pool.queryValue<std::int64_t>("SELECT unixepoch('2040-01-01')") == 2'208'988'800);
    CHECK(f.pool.queryValue<std::string>("SELECT datetime(4294967296, 'unixepoch')") == "2106-02-07 06:28:16");
    CHECK(f.pool.queryValue<std::string>("SELECT strftime('%Y', '2050-06-01 12:00', 'localtime')") == "2050");
  }
}
