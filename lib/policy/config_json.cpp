#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

#include <holdfast/connection_config.hpp>
#include <holdfast/error.hpp>
#include <holdfast/units.hpp>

#include "core/port/files.hpp"
#include "core/text.hpp"
#include "policy/config_fields.hpp"
#include "policy/nearest_name.hpp"

namespace holdfast {
namespace {

using nlohmann::json;

constexpr std::string_view kRetry = "retry";
constexpr std::size_t kFileLimitBytes = MiB;

template <typename Config>
[[noreturn]] void throwUnknown(const std::string& key, const Config& config, std::string_view path) {
  std::vector<std::string_view> names;
  for (const auto& field : fieldsOf(config)) names.push_back(field.name);
  if (path.empty()) names.push_back(kRetry);
  std::string text = std::string("unknown key '").append(path).append(shorten(key, 60)).append("'");
  const std::string_view nearest = nearestName(key, names);
  if (!nearest.empty()) text.append("; did you mean '").append(path).append(nearest).append("'?");
  throw Error(ErrorCode::InvalidConfig, text);
}

template <typename Config>
void readMember(const std::string& key, const json& value, Config& config, std::string_view path) {
  const auto fields = fieldsOf(config);
  const auto field = std::find_if(fields.begin(), fields.end(), [&key](const auto& f) { return f.name == key; });
  if (field == fields.end()) throwUnknown(key, config, path);
  readField(*field, value, config, path);
}

void readRetry(const json& value, RetryPolicy& retry) {
  if (!value.is_object()) throwInvalid("", kRetry, value, "an object");
  for (const auto& [key, member] : value.items()) readMember(key, member, retry, "retry.");
}

template <typename Config>
json writeAll(const Config& config) {
  json result = json::object();
  for (const auto& field : fieldsOf(config)) result[std::string(field.name)] = writeField(field, config);
  return result;
}

/// What the parser says, without its own name and number in brackets.
std::string_view parserText(const json::parse_error& error) {
  const std::string_view text = error.what();
  return text.substr(std::min(text.size(), text.find("] ") + 2));
}

}  // namespace

ConnectionConfig ConnectionConfig::fromJson(const json& json) {
  if (!json.is_object()) {
    throw Error(ErrorCode::InvalidConfig,
                std::string("the configuration is ").append(json.type_name()).append("; accepted: an object"));
  }
  ConnectionConfig config;
  for (const auto& [key, value] : json.items()) {
    if (key == kRetry) {
      readRetry(value, config.retry);
    } else {
      readMember(key, value, config, "");
    }
  }
  config.validate();
  return config;
}

ConnectionConfig ConnectionConfig::fromText(std::string_view text) {
  json parsed;
  try {
    parsed = json::parse(text);
  } catch (const json::parse_error& error) {
    throw Error(ErrorCode::InvalidConfig, "not JSON: " + shorten(parserText(error), 200));
  }
  return fromJson(parsed);
}

ConnectionConfig ConnectionConfig::fromFile(const std::string& path) {
  const std::string frame = "ConnectionConfig.fromFile (" + path + ")";
  std::string text;
  if (const int error = port::readSmallFile(path, kFileLimitBytes, text); error != 0) {
    throw Error(ErrorCode::CannotOpen, port::errorText(error), 0, error).addFrame(frame);
  }
  try {
    return fromText(text);
  } catch (Error& error) {
    error.addFrame(frame);
    throw;
  }
}

nlohmann::json toJson(const ConnectionConfig& config) {
  json result = writeAll(config);
  result[std::string(kRetry)] = writeAll(config.retry);
  return result;
}

}  // namespace holdfast
