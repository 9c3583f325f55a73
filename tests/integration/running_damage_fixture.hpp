#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>

#include "integration/start_up_fixture.hpp"
#include "support/child_process.hpp"

namespace holdfast::test {

inline constexpr std::size_t kDamagedPage = 20;

struct Running : StartUpFixture {
  explicit Running(bool withBackup = true) {
    withBackup ? makeWithBackup() : make();
    config.closeTimeout = std::chrono::milliseconds{200};
  }
  void start() {
    open();
    events->clear();
  }
  /// By another process: closing a file of one's own would drop SQLite's locks on it.
  template <typename F>
  void damage(F&& apply) const {
    REQUIRE(inChild([&] {
              apply(config.database);
              return 0;
            }) == 0);
  }
  void damagePage() const {
    damage([](const std::string& path) {
      overwrite(path, (kDamagedPage - 1) * kPageBytes, std::string(kPageBytes, '\0'));
    });
  }
  std::optional<ErrorCode> readAll() {
    return codeOf([this] { pool.query("SELECT * FROM item NOT INDEXED"); });
  }
  std::optional<ErrorCode> insert() {
    return codeOf([this] { pool.run("INSERT INTO item(name) VALUES ('new')"); });
  }
  void letTimePass() { clock->advance(std::chrono::hours{1}); }
};

}  // namespace holdfast::test
