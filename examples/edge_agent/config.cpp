#include "config.hpp"

#include <cstdio>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include <holdfast/error.hpp>

#include "json_section.hpp"

namespace edge_agent {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr std::size_t kMaxFileBytes = 1 << 20;

std::vector<SourceConfig> defaultSources() {
  return {{Source::Cpu, 250ms, {}},         {Source::Memory, 1s, {}}, {Source::Disk, 500ms, {"loop*", "ram*", "zram*"}},
          {Source::Network, 500ms, {"lo"}}, {Source::Load, 5s, {}},   {Source::Temperature, 5s, {}},
          {Source::Process, 1s, {}}};
}

json defaultDatabase() { return {{"poolSize", 4}, {"memoryLimit", "4MiB"}, {"durability", "full"}}; }

/// The sources that are named are recorded, the others are not.
std::vector<SourceConfig> parseSources(const json& value, const std::string& path) {
  JsonSection section(value, path);
  std::vector<SourceConfig> sources;
  for (SourceConfig source : defaultSources()) {
    const std::string_view name = nameOf(source.source);
    const json* found = section.find(name);
    if (found == nullptr) continue;
    JsonSection entry(*found, section.pathOf(name));
    entry.read("interval", source.interval, 1ms, 1h);
    const bool hasDevices = source.source == Source::Disk || source.source == Source::Network;
    if (hasDevices) entry.read("ignore", source.ignore);
    entry.requireKnown();
    sources.push_back(std::move(source));
  }
  section.requireKnown();
  if (sources.empty()) throw ConfigError(path + ": names no source");
  return sources;
}

AlarmRule parseAlarm(const json& value, const std::string& path) {
  JsonSection section(value, path);
  AlarmRule rule;
  if (!section.read("name", rule.name)) section.fail("name", "is missing");
  if (!section.read("series", rule.series)) section.fail("series", "is missing");
  if (rule.series.find('/') == std::string::npos) {
    section.fail("series", "must be a pattern such as \"cpu/*.busy\", not \"" + rule.series + "\"");
  }
  const bool above = section.read("above", rule.threshold);
  const bool below = section.read("below", rule.threshold);
  if (above == below) section.fail("above", "give either \"above\" or \"below\"");
  rule.side = above ? AlarmSide::Above : AlarmSide::Below;
  section.read("hold", rule.hold, 0ms, 24h);
  section.read("hysteresis", rule.hysteresis);
  if (rule.hysteresis < 0) section.fail("hysteresis", "must not be negative");
  section.requireKnown();
  return rule;
}

std::vector<AlarmRule> parseAlarms(const json& value, const std::string& path) {
  if (!value.is_array()) throw ConfigError(path + ": must be a list of alarm rules");
  std::vector<AlarmRule> rules;
  std::set<std::string> names;
  for (const json& item : value) {
    const std::string itemPath = path + "[" + std::to_string(rules.size()) + "]";
    rules.push_back(parseAlarm(item, itemPath));
    if (!names.insert(rules.back().name).second) {
      throw ConfigError(itemPath + ".name: \"" + rules.back().name + "\" is used twice");
    }
  }
  return rules;
}

RetentionConfig parseRetention(const json& value, const std::string& path) {
  JsonSection section(value, path);
  RetentionConfig retention;
  section.read("maxAge", retention.maxAge, 0ms, 24h * 366 * 100);
  section.readBytes("maxBytes", retention.maxBytes, 256 * holdfast::KiB);
  section.read("interval", retention.interval, 10ms, 1h);
  section.read("batchRows", retention.batchRows, 1, 100'000);
  section.requireKnown();
  return retention;
}

QueryConfig parseQueries(const json& value, const std::string& path) {
  JsonSection section(value, path);
  QueryConfig queries;
  section.read("interval", queries.interval, 0ms, 1h);
  section.read("window", queries.window, 1ms, 24h * 366);
  section.read("top", queries.top, 1, 1000);
  section.requireKnown();
  return queries;
}

holdfast::ConnectionConfig parseDatabase(const json* section, const std::string& database) {
  json merged = defaultDatabase();
  if (section != nullptr) {
    if (!section->is_object()) throw ConfigError("database: must be a JSON object");
    if (section->contains("database")) throw ConfigError("database.database: the place is given with --directory");
    merged.update(*section);
  }
  merged["database"] = database;
  try {
    return holdfast::ConnectionConfig::fromJson(merged);
  } catch (const holdfast::Error& error) {
    throw ConfigError("in \"database\": " + error.reason());
  }
}

std::string readFile(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (!file) throw ConfigError("cannot be read");
  std::string content(kMaxFileBytes + 1, '\0');
  content.resize(std::fread(content.data(), 1, content.size(), file.get()));
  if (std::ferror(file.get()) != 0) throw ConfigError("cannot be read");
  if (content.size() > kMaxFileBytes) throw ConfigError("is larger than 1 MiB");
  return content;
}

}  // namespace

AgentConfig parseConfig(const json& document, const std::string& database) {
  JsonSection root(document, "");
  const json none = json::object();
  const json* agent = root.find("agent");
  const json* databaseSection = root.find("database");
  root.requireKnown();

  JsonSection section(agent != nullptr ? *agent : none, "agent");
  AgentConfig config;
  const json* sources = section.find("sources");
  const json* alarms = section.find("alarms");
  const json* retention = section.find("retention");
  const json* queries = section.find("queries");
  section.requireKnown();

  config.sources = sources != nullptr ? parseSources(*sources, "agent.sources") : defaultSources();
  if (alarms != nullptr) config.alarms = parseAlarms(*alarms, "agent.alarms");
  if (retention != nullptr) config.retention = parseRetention(*retention, "agent.retention");
  if (queries != nullptr) config.queries = parseQueries(*queries, "agent.queries");
  config.database = parseDatabase(databaseSection, database);
  return config;
}

AgentConfig loadConfig(const std::string& path, const std::string& database) {
  if (path.empty()) return parseConfig(json::object(), database);
  try {
    return parseConfig(json::parse(readFile(path)), database);
  } catch (const json::parse_error& error) {
    throw ConfigError(path + ": " + error.what());
  } catch (const ConfigError& error) {
    throw ConfigError(path + ": " + error.what());
  }
}

}  // namespace edge_agent
