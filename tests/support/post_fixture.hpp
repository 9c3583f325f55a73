#pragma once

#include <chrono>
#include <string>

#include <holdfast/connection_pool.hpp>

#include "support/pool_fixture.hpp"
#include "support/threads.hpp"

namespace holdfast::test {

/// An open pool with an empty table. Posted work is written with the next transaction, unless a test asks for more.
struct PostFixture : PoolFixture {
  explicit PostFixture(HousekeepingMode mode = HousekeepingMode::Manual) {
    config.housekeeping = mode;
    config.housekeepingInterval = std::chrono::hours{1};
    config.postDelay = std::chrono::hours{1};
    config.acquireTimeout = std::chrono::minutes{1};
    openWithRows(0);
  }
  Future<RunResult> post(const std::string& name) { return pool.post("INSERT INTO item(name) VALUES (?)", name); }

  Watchdog watchdog{"posted work does not end"};
};

}  // namespace holdfast::test
