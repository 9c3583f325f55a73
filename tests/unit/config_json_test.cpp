#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <holdfast/connection_config.hpp>
#include <holdfast/error.hpp>

#include "support/temp_directory.hpp"

using namespace std::chrono_literals;
using holdfast::ConnectionConfig;
using holdfast::Durability;
using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::HousekeepingMode;
using holdfast::KiB;
using holdfast::MiB;
using holdfast::TempStore;
using holdfast::toJson;
using holdfast::test::TempDirectory;
using nlohmann::json;

namespace {

/// A configuration with one more member than the database: `member` is `"name": value`.
ConnectionConfig with(std::string_view member) {
  return ConnectionConfig::fromText(std::string(R"({"database": "a.db", )").append(member).append("}"));
}

/// Why it is refused; empty where it is accepted.
std::string refusal(std::string_view member) {
  try {
    with(member);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::InvalidConfig);
    return error.reason();
  }
  return {};
}

}  // namespace

TEST_SUITE("policy/config_json") {
  TEST_CASE("what is not mentioned keeps its default") {
    const ConnectionConfig config = ConnectionConfig::fromText(R"({"database": "a.db"})");
    CHECK(config.database == "a.db");
    CHECK(toJson(config)["poolSize"] == 4);
    CHECK(config.busyTimeout == 3s);
  }

  TEST_CASE("every kind of field is read") {
    const ConnectionConfig config = ConnectionConfig::fromText(R"({
      "database": "a.db", "foreignKeys": false, "poolSize": 8, "checkpointPages": 20, "memoryLimit": "4MiB",
      "cacheSize": 65536, "durability": "normal", "tempStore": "memory", "housekeeping": "manual",
      "busyTimeout": "250ms", "idleTimeout": 1500, "retry": {"maxRetries": 3, "initialDelay": "10us", "jitter": 1}})");
    CHECK_FALSE(config.foreignKeys);
    CHECK(config.poolSize == 8);
    CHECK(config.checkpointPages == 20);
    CHECK(config.memoryLimit == 4 * MiB);
    CHECK(config.cacheSize == 64 * KiB);
    CHECK(config.durability == Durability::Normal);
    CHECK(config.tempStore == TempStore::Memory);
    CHECK(config.housekeeping == HousekeepingMode::Manual);
    CHECK(config.busyTimeout == 250ms);
    CHECK(config.idleTimeout == 1500ms);
    CHECK(config.retry.maxRetries == 3);
    CHECK(config.retry.initialDelay == 10us);
    CHECK(config.retry.jitter == 1.0);
  }

  TEST_CASE("durations are whole numbers with a unit or of milliseconds") {
    CHECK(with(R"("idleTimeout": "3s")").idleTimeout == 3s);
    CHECK(with(R"("idleTimeout": "5min")").idleTimeout == 5min);
    CHECK(with(R"("idleTimeout": "1h")").idleTimeout == 1h);
    CHECK(with(R"("idleTimeout": "2000us")").idleTimeout == 2ms);
    CHECK(with(R"("idleTimeout": "0ms")").idleTimeout == 0ms);
    CHECK(with(R"("idleTimeout": 0)").idleTimeout == 0ms);
    CHECK(with(R"("retry": {"maxDelay": 2})").retry.maxDelay == 2ms);
    const std::vector<std::string> wrong{R"("10us")",
                                         R"("1.5s")",
                                         R"("3")",
                                         R"("3 s")",
                                         R"(" 3s")",
                                         R"("s")",
                                         R"("")",
                                         R"("+3s")",
                                         R"("-3s")",
                                         R"("3S")",
                                         "1.5",
                                         "true",
                                         "null",
                                         "-1",
                                         "1e3",
                                         R"("3sec")",
                                         "{}",
                                         "9223372036854775807",
                                         "18446744073709551615",
                                         "-9223372036854775808",
                                         R"("9223372036854775807h")",
                                         R"("99999999999999999999s")"};
    for (const std::string& value : wrong) {
      CAPTURE(value);
      CHECK(refusal("\"idleTimeout\": " + value).starts_with("'idleTimeout' is "));
      CHECK(refusal("\"retry\": {\"maxDelay\": " + value + "}").starts_with("'retry.maxDelay' is ") ==
            (value != R"("10us")"));
    }
  }

  TEST_CASE("sizes are whole numbers with a unit or of bytes") {
    CHECK(with(R"("memoryLimit": "512KiB")").memoryLimit == 512 * KiB);
    CHECK(with(R"("memoryLimit": "1GiB")").memoryLimit == 1024 * MiB);
    CHECK(with(R"("memoryLimit": 300001)").memoryLimit == 300001);
    CHECK(with(R"("memoryLimit": 0)").memoryLimit == 0);
    for (const char* value : {R"("4MB")", R"("4")", R"("4.5MiB")", R"("-4MiB")", R"("9007199254740993GiB")", "1.5",
                              "-1", "true", "18446744073709551615", "[]"}) {
      CAPTURE(value);
      CHECK(refusal(std::string("\"memoryLimit\": ").append(value)).starts_with("'memoryLimit' is "));
    }
  }

  TEST_CASE("a value of the wrong kind is refused with what is accepted") {
    CHECK(refusal(R"("foreignKeys": 1)") == "'foreignKeys' is 1; accepted: true or false");
    CHECK(refusal(R"("database": 7)") == "'database' is 7; accepted: a text");
    CHECK(refusal(R"("poolSize": "4")") == "'poolSize' is \"4\"; accepted: a whole number from 1 to 60");
    CHECK(refusal(R"("poolSize": 4.0)") == "'poolSize' is 4.0; accepted: a whole number from 1 to 60");
    CHECK(refusal(R"("poolSize": -1)") == "'poolSize' is -1; accepted: a whole number from 1 to 60");
    CHECK(refusal(R"("checkpointPages": 99999999999)") ==
          "'checkpointPages' is 99999999999; accepted: a whole number from 16 to 262144");
    CHECK(refusal(R"("durability": "Full")") == "'durability' is \"Full\"; accepted: \"full\", \"normal\" or \"off\"");
    CHECK(refusal(R"("tempStore": 0)") == "'tempStore' is 0; accepted: \"file\" or \"memory\"");
    CHECK(refusal(R"("retry": {"multiplier": "2"})") == "'retry.multiplier' is \"2\"; accepted: a number from 1 to 10");
    CHECK(refusal(R"("retry": 3)") == "'retry' is 3; accepted: an object");
  }

  TEST_CASE("a value is shown shortened and without what is nested in it") {
    CHECK(refusal("\"durability\": \"" + std::string(500, 'x') + "\"").size() < 150);
    CHECK(refusal(R"("poolSize": [1, 2])").starts_with("'poolSize' is a list;"));
    CHECK(refusal(R"("poolSize": {"a": 2})").starts_with("'poolSize' is an object;"));
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
    CHECK(refusal("\"poolSize\": " + deep).starts_with("'poolSize' is a list;"));
  }

  TEST_CASE("an unknown key is refused and the nearest known one is named") {
    CHECK(refusal(R"("bussyTimeout": 1)") == "unknown key 'bussyTimeout'; did you mean 'busyTimeout'?");
    CHECK(refusal(R"("busy_timeout": 1)") == "unknown key 'busy_timeout'; did you mean 'busyTimeout'?");
    CHECK(refusal(R"("POOLSIZE": 1)") == "unknown key 'POOLSIZE'; did you mean 'poolSize'?");
    CHECK(refusal(R"("min-pool-size": 1)") == "unknown key 'min-pool-size'; did you mean 'minPoolSize'?");
    CHECK(refusal(R"("retries": {})") == "unknown key 'retries'; did you mean 'retry'?");
    CHECK(refusal(R"("retry": {"maxRetry": 1})") == "unknown key 'retry.maxRetry'; did you mean 'retry.maxRetries'?");
    CHECK(refusal(R"("retry": {"retry": 1})") == "unknown key 'retry.retry'");
    CHECK(refusal(R"("backups": {})") == "unknown key 'backups'; did you mean 'backup'?");
    CHECK(refusal(R"("backup": {"intervall": 1})") ==
          "unknown key 'backup.intervall'; did you mean 'backup.interval'?");
    CHECK(refusal(R"("colour": 1)") == "unknown key 'colour'");
    CHECK(refusal(R"("x": 1)") == "unknown key 'x'");
    CHECK(refusal(R"("": 1)") == "unknown key ''");
    CHECK(refusal(R"("logger": 1)") == "unknown key 'logger'");
    CHECK(refusal("\"" + std::string(500, 'k') + "\": 1") == "unknown key '" + std::string(57, 'k') + "...'");
  }

  TEST_CASE("sections are objects, in any order, and each has fields of its own") {
    const ConnectionConfig config =
        with(R"("backup": {"path": "b.db", "interval": "2h"}, "retry": {"maxRetries": 7}, "checkAtOpen": "always")");
    CHECK(config.backup.path == "b.db");
    CHECK(config.backup.interval == 2h);
    CHECK(config.retry.maxRetries == 7);
    CHECK(config.checkAtOpen == holdfast::OpenCheck::Always);
    CHECK(toJson(config)["backup"]["interval"] == "2h");
    CHECK(ConnectionConfig::fromJson(toJson(config)).backup.path == "b.db");
    CHECK(refusal(R"("backup": 3)") == "'backup' is 3; accepted: an object");
    CHECK(refusal(R"("backup": {"path": {}})") == "'backup.path' is an object; accepted: a text");
    CHECK(refusal(R"("backup": {"maxRetries": 1})") == "unknown key 'backup.maxRetries'");
    CHECK(refusal(R"("backup": {"interval": "999ms"})").starts_with("'backup.interval' is \"999ms\"; accepted: "));
    CHECK(refusal(R"("checkAtOpen": "sometimes")") ==
          "'checkAtOpen' is \"sometimes\"; accepted: \"afterCrash\", \"always\" or \"never\"");
  }

  TEST_CASE("rules between fields hold for JSON, too") {
    CHECK(refusal(R"("poolSize": 2, "minPoolSize": 3)").starts_with("'minPoolSize' is 3"));
    CHECK_THROWS_AS(ConnectionConfig::fromText("{}"), Error);
    CHECK_THROWS_AS(ConnectionConfig::fromJson(json::array()), Error);
    CHECK_THROWS_AS(ConnectionConfig::fromText("7"), Error);
  }

  TEST_CASE("text that is not JSON is refused with the place") {
    try {
      ConnectionConfig::fromText("{\n \"database\": a.db}");
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::InvalidConfig);
      CHECK(error.reason().starts_with("not JSON: parse error at line 2, column 14"));
    }
    CHECK_THROWS_AS(ConnectionConfig::fromText(""), Error);
    CHECK_THROWS_AS(ConnectionConfig::fromText("{\"database\": \"\xff\"}"), Error);
  }

  TEST_CASE("a configuration written as JSON and read back is the same") {
    ConnectionConfig config;
    config.database = "dir/h\u00e9.db";
    config.durability = Durability::Off;
    config.tempStore = TempStore::Memory;
    config.housekeeping = HousekeepingMode::Manual;
    config.busyTimeout = 0ms;
    config.acquireTimeout = 1234ms;
    config.maxConnectionAge = 90min;
    config.createIfMissing = false;
    config.memoryLimit = 300001;
    config.cacheSize = 48 * KiB;
    config.poolSize = 60;
    config.retry.initialDelay = 1500us;
    config.retry.multiplier = 1.1;
    const json written = toJson(config);
    CHECK(written["acquireTimeout"] == "1234ms");
    CHECK(written["maxConnectionAge"] == "90min");
    CHECK(written["busyTimeout"] == "0ms");
    CHECK(written["cacheSize"] == "48KiB");
    CHECK(written["memoryLimit"] == 300001);
    CHECK(written["statementCacheBytes"] == 0);
    CHECK(written["durability"] == "off");
    CHECK(written["retry"]["initialDelay"] == "1500us");
    const ConnectionConfig read = ConnectionConfig::fromText(written.dump());
    CHECK(toJson(read) == written);
    CHECK(read.retry.multiplier == 1.1);
    CHECK(read.database == config.database);
    CHECK(read.acquireTimeout == 1234ms);
  }

  TEST_CASE("every field of the structure is carried") {
    const std::vector<std::string> names{"database",
                                         "createIfMissing",
                                         "durability",
                                         "busyTimeout",
                                         "acquireTimeout",
                                         "openTimeout",
                                         "closeTimeout",
                                         "idleTimeout",
                                         "maxConnectionAge",
                                         "verifyAfter",
                                         "leakThreshold",
                                         "forceCleanupAfter",
                                         "housekeeping",
                                         "housekeepingInterval",
                                         "openRetryDelay",
                                         "propagateOpenError",
                                         "foreignKeys",
                                         "retry",
                                         "poolSize",
                                         "minPoolSize",
                                         "memoryLimit",
                                         "residentLimit",
                                         "memorySignals",
                                         "memorySignalsRoot",
                                         "dynamicSizing",
                                         "cacheSize",
                                         "statementCacheEntries",
                                         "statementCacheBytes",
                                         "tempStore",
                                         "checkpointPages",
                                         "groupMaxTransactions",
                                         "groupMaxDelay",
                                         "groupMaxBytes",
                                         "maxTransactionBytes",
                                         "postDelay",
                                         "postBatch",
                                         "postCapacity",
                                         "readAnchor",
                                         "asyncThreads",
                                         "asyncCapacity",
                                         "walSizeLimit",
                                         "snapshotBudget",
                                         "backup",
                                         "mountPoint",
                                         "checkAtOpen",
                                         "checkAtOpenLimit",
                                         "repairAtOpen",
                                         "storageReserve",
                                         "storageQuota",
                                         "ballastSize",
                                         "writeProofInterval",
                                         "carefulFlash",
                                         "flashLedger",
                                         "flashEndurance",
                                         "flashDailyBudget",
                                         "pageChecksums",
                                         "scrubRate",
                                         "commitNoteInterval"};
    const json written = toJson(ConnectionConfig{});
    CHECK(written.size() == names.size());
    for (const std::string& name : names) CHECK_MESSAGE(written.contains(name), name);
    CHECK(written["retry"].size() == 6);
  }

  TEST_CASE("a file is read like its text") {
    const TempDirectory directory;
    std::ofstream(directory.file("config.json")) << R"({"database": "a.db", "poolSize": 2})";
    CHECK(ConnectionConfig::fromFile(directory.file("config.json")).poolSize == 2);
  }

  TEST_CASE("an error in a file names the file") {
    const TempDirectory directory;
    const std::string path = directory.file("config.json");
    const auto failure = [&path] {
      try {
        ConnectionConfig::fromFile(path);
      } catch (const Error& error) {
        return error;
      }
      return Error(ErrorCode::Internal, "accepted");
    };
    CHECK(failure().code() == ErrorCode::CannotOpen);
    CHECK(failure().systemErrno() == ENOENT);
    CHECK(failure().frames() == "ConnectionConfig.fromFile (" + path + ")");
    std::ofstream(path) << "{}";
    CHECK(failure().code() == ErrorCode::InvalidConfig);
    CHECK(failure().frames() == "ConnectionConfig.fromFile (" + path + ")");
    std::ofstream(path) << std::string(static_cast<std::size_t>(MiB) + 1, ' ');
    CHECK(failure().code() == ErrorCode::CannotOpen);
    CHECK(failure().systemErrno() == EFBIG);
  }
  TEST_CASE("a configuration is read from a json value as it is from text") {
    const std::string text =
        R"({"database": "a.db", "poolSize": 3, "busyTimeout": "250ms", "retry": {"maxRetries": 3, "jitter": 1}})";
    const ConnectionConfig config = ConnectionConfig::fromJson(json::parse(text));
    CHECK(config.poolSize == 3);
    CHECK(config.retry.maxRetries == 3);
    CHECK(toJson(config) == toJson(ConnectionConfig::fromText(text)));
    CHECK_THROWS_AS(ConnectionConfig::fromJson({{"database", "a.db"}, {"retry", 7}}), Error);
    CHECK_THROWS_AS(ConnectionConfig::fromJson({{"database", "a.db"}, {"pool", 7}}), Error);
  }
}
