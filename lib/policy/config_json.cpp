#include <algorithm>
#include <array>
#include <span>

#include <nlohmann/json.hpp>

#include <holdfast/connection_config.hpp>
#include <holdfast/error.hpp>
#include <holdfast/units.hpp>

#include "core/out_of_memory.hpp"
#include "core/port/files.hpp"
#include "core/text.hpp"
#include "policy/config_json_value.hpp"

namespace holdfast {
namespace {

constexpr std::string_view kRetry = "retry";
constexpr std::string_view kBackup = "backup";
constexpr std::array kSections{kRetry, kBackup};
constexpr std::size_t kFileLimitBytes = MiB;

template <typename Config>
void readMember(const std::string& key, const Json& value, Config& config, std::string_view path) {
  const auto fields = fieldsOf(config);
  const auto field = std::find_if(fields.begin(), fields.end(), [&key](const auto& f) { return f.name == key; });
  if (field == fields.end()) {
    throwUnknownField(key, config, path, path.empty() ? std::span(kSections) : std::span<const std::string_view>());
  }
  readField(*field, value, config, path);
}

bool isSection(std::string_view name) { return std::find(kSections.begin(), kSections.end(), name) != kSections.end(); }

/// A member of the section of that name.
void readInSection(std::string_view name, const std::string& key, const Json& value, ConnectionConfig& config) {
  if (name == kRetry) {
    readMember(key, value, config.retry, "retry.");
  } else {
    readMember(key, value, config.backup, "backup.");
  }
}

void readSection(std::string_view name, const Json& value, ConnectionConfig& config) {
  if (!value.is_object()) throwInvalidJson("", name, value, "an object");
  for (const auto& [key, member] : value.items()) readInSection(name, key, member, config);
}

template <typename Config>
Json writeAll(const Config& config) {
  Json result = Json::object();
  for (const auto& field : fieldsOf(config)) result[std::string(field.name)] = writeField(field, config);
  return result;
}

/// What the parser says, without its own name and number in brackets.
std::string_view parserText(const Json::exception& error) {
  const std::string_view text = error.what();
  return text.substr(std::min(text.size(), text.find("] ") + 2));
}

[[noreturn]] void throwNoObject(const Json& value) {
  throw Error(ErrorCode::InvalidConfig,
              std::string("the configuration is ").append(value.type_name()).append("; accepted: an object"));
}

/// Reads a text without a tree of values: the destructor of one that holds anything allocates, and ends the process
/// where that fails (json_value::destroy() in nlohmann_json 3.11).
class TextReader final : public nlohmann::json_sax<Json> {
 public:
  /// Null: only looks whether it is JSON.
  explicit TextReader(ConnectionConfig* config) : config_(config) {}

  bool null() override { return take(Json()); }
  bool boolean(bool value) override { return take(value); }
  bool number_integer(number_integer_t value) override { return take(value); }
  bool number_unsigned(number_unsigned_t value) override { return take(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return take(value); }
  bool string(string_t& value) override { return take(value); }
  bool binary(binary_t& /*value*/) override { return true; }  // Not in texts.
  bool key(string_t& name) override {
    if (config_ != nullptr) key_ = name;
    return true;
  }
  bool start_object(std::size_t /*elements*/) override {
    ++depth_;
    if (depth_ == kInSection) section_ = key_;
    return depth_ == kConfig || (depth_ == kInSection && isSection(section_)) || take(Json::object(), depth_ - 1);
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(std::size_t /*elements*/) override { return take(Json::array()); }
  bool end_array() override { return true; }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/, const Json::exception& error) override {
    throw Error(ErrorCode::InvalidConfig, "not JSON: " + shorten(parserText(error), 200));
  }

 private:
  static constexpr int kConfig = 1;
  static constexpr int kInSection = 2;

  bool take(const Json& value) { return take(value, depth_); }
  /// A member of the object at that depth.
  bool take(const Json& value, int depth) {
    if (config_ == nullptr) return true;
    if (depth < kConfig) throwNoObject(value);
    if (depth == kInSection) {
      readInSection(section_, key_, value, *config_);
    } else if (isSection(key_)) {
      readSection(key_, value, *config_);
    } else {
      readMember(key_, value, *config_, "");
    }
    return true;
  }

  ConnectionConfig* config_;
  int depth_ = 0;
  std::string key_;
  std::string section_;  // The member of the configuration that holds the object in which the reader is.
};

}  // namespace

ConnectionConfig ConnectionConfig::fromJson(const Json& json) {
  if (!json.is_object()) throwNoObject(json);
  ConnectionConfig config;
  for (const auto& [key, value] : json.items()) {
    if (isSection(key)) {
      readSection(key, value, config);
    } else {
      readMember(key, value, config, "");
    }
  }
  config.validate();
  return config;
}

ConnectionConfig ConnectionConfig::fromText(std::string_view text) {
  return translatingBadAlloc([text] {
    ConnectionConfig config;
    TextReader syntax(nullptr);  // First, so that what is no JSON is told so, whatever its beginning holds.
    Json::sax_parse(text, &syntax);
    TextReader reader(&config);
    Json::sax_parse(text, &reader);
    config.validate();
    return config;
  });
}

ConnectionConfig ConnectionConfig::fromFile(const std::string& path) {
  const auto frame = [&path] { return "ConnectionConfig.fromFile (" + path + ")"; };
  std::string text;
  if (const int error = port::readSmallFile(path, kFileLimitBytes, text); error != 0) {
    Error failure(ErrorCode::CannotOpen, port::errorText(error), 0, error);
    throw addFrameIfPossible(failure, frame);
  }
  try {
    return fromText(text);
  } catch (Error& error) {
    addFrameIfPossible(error, frame);
    throw;
  }
}

nlohmann::json toJson(const ConnectionConfig& config) {
  Json result = writeAll(config);
  result[std::string(kRetry)] = writeAll(config.retry);
  result[std::string(kBackup)] = writeAll(config.backup);
  return result;
}

}  // namespace holdfast
