#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <holdfast/connection_config.hpp>
#include <holdfast/units.hpp>

#include "alarms.hpp"
#include "samplers.hpp"

namespace edge_agent {

struct SourceConfig {
  Source source{};
  /// From one look to the next, each look being one transaction. 1 ms to 1 h.
  std::chrono::milliseconds interval = std::chrono::seconds{1};
  /// Shell patterns of devices to leave out.
  std::vector<std::string> ignore;
};

struct RetentionConfig {
  /// Older readings are deleted. Zero: never for their age.
  std::chrono::milliseconds maxAge = std::chrono::hours{24 * 7};
  /// The bytes the database may use in its file, free pages not counted; beyond it the oldest readings are deleted.
  /// Zero: no limit.
  std::int64_t maxBytes = 64 * holdfast::MiB;
  /// From one check to the next.
  std::chrono::milliseconds interval = std::chrono::seconds{1};
  /// Readings that one transaction deletes at most (but one batch at least), so that samplers never wait long.
  int batchRows = 500;
};

struct QueryConfig {
  /// From one query to the next. Zero: no queries.
  std::chrono::milliseconds interval = std::chrono::milliseconds{200};
  /// What the dashboard looks back on.
  std::chrono::milliseconds window = std::chrono::minutes{1};
  /// Entries of the list of the busiest series.
  int top = 5;
};

struct AgentConfig {
  std::vector<SourceConfig> sources;
  std::vector<AlarmRule> alarms;
  RetentionConfig retention;
  QueryConfig queries;
  holdfast::ConnectionConfig database;
};

/// The configuration in `json`, with `database` as the file. Throws ConfigError naming the key.
AgentConfig parseConfig(const nlohmann::json& json, const std::string& database);
/// The same from a file; an empty path means the defaults.
AgentConfig loadConfig(const std::string& path, const std::string& database);

}  // namespace edge_agent
