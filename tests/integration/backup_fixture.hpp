#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <holdfast/holdfast.hpp>

#include "support/damage.hpp"
#include "support/pool_fixture.hpp"
#include "support/raw_sqlite.hpp"

namespace holdfast::test {

inline std::int64_t rowsIn(const std::string& path) { return RawSqlite(path).integer("SELECT count(*) FROM item"); }

struct BackupFixture : PoolFixture {
  explicit BackupFixture(std::size_t poolSize = 4) : PoolFixture(poolSize) {}
  std::string target = directory.file("backup.db");

  /// Rows of about 1 KiB.
  void addRows(int rows) {
    pool.transaction([rows](Transaction& tx) {
      for (int i = 0; i < rows; ++i) tx.run("INSERT INTO item(name) VALUES (hex(randomblob(500)))");
    });
  }
  /// The names of the files beside the database and its log.
  std::vector<std::string> others() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with("test.db")) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }
};

using Names = std::vector<std::string>;

}  // namespace holdfast::test
