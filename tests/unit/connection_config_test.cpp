#include <holdfast/connection_config.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include <holdfast/error.hpp>

using namespace std::chrono_literals;
using holdfast::ConnectionConfig;
using holdfast::Durability;
using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::GiB;
using holdfast::HousekeepingMode;
using holdfast::KiB;
using holdfast::TempStore;
using holdfast::toText;

namespace {

/// The reason for which a configuration is refused, after `change`; empty where it is accepted.
std::string refusal(const std::function<void(ConnectionConfig&)>& change) {
  ConnectionConfig config;
  config.database = "a.db";
  change(config);
  try {
    config.validate();
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::InvalidConfig);
    return error.reason();
  }
  return {};
}

}  // namespace

TEST_SUITE("policy/connection_config") {
  TEST_CASE("the defaults with a file name are accepted") {
    CHECK(refusal([](ConnectionConfig&) {}).empty());
  }

  TEST_CASE("a refusal names the field and its value and what would be accepted") {
    CHECK(refusal([](ConnectionConfig& c) { c.busyTimeout = 11min; }) ==
          "'busyTimeout' is \"11min\"; accepted: a duration from 0ms to 10min (\"3s\", or a whole number of "
          "milliseconds)");
    CHECK(refusal([](ConnectionConfig& c) { c.poolSize = 65; }) ==
          "'poolSize' is 65; accepted: a whole number from 1 to 60");
    CHECK(refusal([](ConnectionConfig& c) { c.memoryLimit = 1; }) ==
          "'memoryLimit' is 1; accepted: 0 or a size from 256KiB to 1024GiB (\"4MiB\", or a number of bytes)");
    CHECK(refusal([](ConnectionConfig& c) { c.retry.jitter = 1.5; }) ==
          "'retry.jitter' is 1.5; accepted: a number from 0 to 1");
    CHECK(refusal([](ConnectionConfig& c) { c.durability = static_cast<Durability>(7); }) ==
          "'durability' is \"unknown\"; accepted: \"full\", \"normal\" or \"off\"");
  }

  TEST_CASE("the limits themselves are accepted and what lies beyond is not") {
    CHECK(refusal([](ConnectionConfig& c) { c.busyTimeout = 0ms; }).empty());
    CHECK(refusal([](ConnectionConfig& c) { c.busyTimeout = 10min; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.busyTimeout = -1ms; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.busyTimeout = std::chrono::milliseconds::max(); }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.acquireTimeout = 1h + 1ms; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.openTimeout = 10min + 1ms; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.closeTimeout = 1h + 1ms; }).empty());
    CHECK(refusal([](ConnectionConfig& c) { c.idleTimeout = 8760h; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.idleTimeout = 8761h; }).empty());
    CHECK(refusal([](ConnectionConfig& c) { c.housekeepingInterval = 10ms; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.housekeepingInterval = 9ms; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.openRetryDelay = 0ms; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.retry.maxRetries = 101; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.retry.maxRetries = -1; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.retry.initialDelay = 1h + 1us; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.retry.multiplier = 0.5; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.retry.multiplier = std::nan(""); }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.statementCacheEntries = 0; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.checkpointPages = 15; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.tempStore = static_cast<TempStore>(7); }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.housekeeping = static_cast<HousekeepingMode>(7); }).empty());
  }

  TEST_CASE("a size of zero means something else and stays allowed") {
    CHECK(refusal([](ConnectionConfig& c) { c.memoryLimit = 256 * KiB; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.memoryLimit = 256 * KiB - 1; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.memoryLimit = -1; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.memoryLimit = 1025 * GiB; }).empty());
    CHECK(refusal([](ConnectionConfig& c) { c.cacheSize = 16 * KiB; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.cacheSize = 16 * KiB - 1; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.statementCacheBytes = -1; }).empty());
  }

  TEST_CASE("a pool has at least one handle and keeps at most as many as it has") {
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.poolSize = 0; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.minPoolSize = 0; }).empty());
    CHECK_FALSE(refusal([](ConnectionConfig& c) { c.poolSize = std::numeric_limits<std::size_t>::max(); }).empty());
    CHECK(refusal([](ConnectionConfig& c) { c.minPoolSize = 4; }).empty());
    CHECK(refusal([](ConnectionConfig& c) { c.minPoolSize = 5; }) ==
          "'minPoolSize' is 5; accepted: at most poolSize, which is 4");
  }

  TEST_CASE("a lease is not forced back before it is reported") {
    CHECK(refusal([](ConnectionConfig& c) { c.forceCleanupAfter = 1min; }).empty());
    CHECK(refusal([](ConnectionConfig& c) { c.forceCleanupAfter = 30s; }) ==
          "'forceCleanupAfter' is \"30s\"; accepted: 0ms, or at least leakThreshold, which is 1min");
    CHECK(refusal([](ConnectionConfig& c) {
            c.leakThreshold = 0ms;
            c.forceCleanupAfter = 1s;
          }).empty());
  }

  TEST_CASE("the database is the name of a file and nothing else") {
    const auto named = [](const std::string& name) {
      return refusal([&name](ConnectionConfig& c) { c.database = name; });
    };
    CHECK(named("").starts_with("'database' is \"\"; accepted: the path of a file"));
    CHECK(named(std::string("a\0b", 3)).starts_with("'database' is \"a\\u0000b\""));
    CHECK(named(std::string("\xFF\0", 2)).starts_with("'database' is a text that is not UTF-8"));
    CHECK(named(":memory:").find("memory file system") != std::string::npos);
    CHECK(named("file:x?mode=memory").empty());
    CHECK(named(":memory:.db").empty());
  }

  TEST_CASE("every choice has a text") {
    CHECK(toText(Durability::Full) == "full");
    CHECK(toText(Durability::Normal) == "normal");
    CHECK(toText(Durability::Off) == "off");
    CHECK(toText(TempStore::File) == "file");
    CHECK(toText(TempStore::Memory) == "memory");
    CHECK(toText(HousekeepingMode::Thread) == "thread");
    CHECK(toText(HousekeepingMode::Manual) == "manual");
  }
}
