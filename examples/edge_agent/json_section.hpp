#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace edge_agent {

/// A configuration that cannot be used. The text names the key, with its path.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads one JSON object strictly. Keys that are missing leave their target as it is; a wrong type, a value out of
/// range and, in requireKnown(), a key that nobody asked for are ConfigErrors.
class JsonSection {
 public:
  /// `path` is how the section is named in errors. `json` must outlive the section.
  JsonSection(const nlohmann::json& json, std::string path);

  /// "250ms", "3s", "5min", "1h", or a whole number of milliseconds.
  bool read(std::string_view key, std::chrono::milliseconds& target, std::chrono::milliseconds least,
            std::chrono::milliseconds most);
  /// "4MiB", "512KiB", or a number of bytes. `least` is the smallest value besides 0.
  bool readBytes(std::string_view key, std::int64_t& target, std::int64_t least);
  bool read(std::string_view key, int& target, int least, int most);
  bool read(std::string_view key, double& target);
  bool read(std::string_view key, std::string& target);
  bool read(std::string_view key, std::vector<std::string>& target);
  /// The value itself, or null where it is missing.
  const nlohmann::json* find(std::string_view key);

  /// Call once all keys were asked for.
  void requireKnown() const;
  [[noreturn]] void fail(std::string_view key, std::string_view problem) const;
  std::string pathOf(std::string_view key) const;

 private:
  const nlohmann::json& json_;
  std::string path_;
  std::set<std::string, std::less<>> asked_;
};

/// The same words outside of JSON; false where the text is no duration.
bool parseDuration(std::string_view text, std::chrono::milliseconds& result);

}  // namespace edge_agent
