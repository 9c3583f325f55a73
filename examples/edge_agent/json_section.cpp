#include "json_section.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

namespace edge_agent {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr std::array kDurations{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"min", 60'000}, Unit{"h", 3'600'000}};
constexpr std::array kSizes{Unit{"B", 1}, Unit{"KiB", 1 << 10}, Unit{"MiB", 1 << 20}, Unit{"GiB", 1 << 30}};

template <std::size_t N>
std::optional<std::int64_t> parseWithUnit(std::string_view text, const std::array<Unit, N>& units) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  const std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

template <std::size_t N>
std::optional<std::int64_t> quantity(const nlohmann::json& value, const std::array<Unit, N>& units) {
  if (value.is_string()) return parseWithUnit(value.get_ref<const std::string&>(), units);
  if (value.is_number_integer()) return value.get<std::int64_t>();
  return std::nullopt;
}

std::string textOf(std::chrono::milliseconds duration) { return std::to_string(duration.count()) + "ms"; }

}  // namespace

bool parseDuration(std::string_view text, std::chrono::milliseconds& result) {
  const std::optional<std::int64_t> count = parseWithUnit(text, kDurations);
  if (count) result = std::chrono::milliseconds(*count);
  return count.has_value();
}

JsonSection::JsonSection(const nlohmann::json& json, std::string path) : json_(json), path_(std::move(path)) {
  if (!json_.is_object()) throw ConfigError((path_.empty() ? "the file" : path_) + ": must be a JSON object");
}

std::string JsonSection::pathOf(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

void JsonSection::fail(std::string_view key, std::string_view problem) const {
  throw ConfigError(pathOf(key) + ": " + std::string(problem));
}

const nlohmann::json* JsonSection::find(std::string_view key) {
  asked_.emplace(key);
  const auto found = json_.find(key);
  return found == json_.end() ? nullptr : &*found;
}

bool JsonSection::read(std::string_view key, std::chrono::milliseconds& target, std::chrono::milliseconds least,
                       std::chrono::milliseconds most) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return false;
  const std::optional<std::int64_t> count = quantity(*value, kDurations);
  if (!count) fail(key, "must be a duration such as \"250ms\", \"3s\", \"5min\" or \"1h\", not " + value->dump());
  if (*count < least.count() || *count > most.count()) {
    fail(key, "must be from " + textOf(least) + " to " + textOf(most) + ", not " + value->dump());
  }
  target = std::chrono::milliseconds(*count);
  return true;
}

bool JsonSection::readBytes(std::string_view key, std::int64_t& target, std::int64_t least) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return false;
  const std::optional<std::int64_t> count = quantity(*value, kSizes);
  if (!count) fail(key, "must be a size such as \"64MiB\", not " + value->dump());
  if (*count != 0 && *count < least) {
    fail(key, "must be 0 or at least " + std::to_string(least) + " bytes, not " + value->dump());
  }
  target = *count;
  return true;
}

bool JsonSection::read(std::string_view key, int& target, int least, int most) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return false;
  const bool fits =
      value->is_number_integer() && value->get<std::int64_t>() >= least && value->get<std::int64_t>() <= most;
  if (!fits) {
    fail(key, "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most) + ", not " +
                  value->dump());
  }
  target = value->get<int>();
  return true;
}

bool JsonSection::read(std::string_view key, double& target) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return false;
  if (!value->is_number()) fail(key, "must be a number, not " + value->dump());
  target = value->get<double>();
  return true;
}

bool JsonSection::read(std::string_view key, std::string& target) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return false;
  if (!value->is_string() || value->get_ref<const std::string&>().empty()) {
    fail(key, "must be a text, not " + value->dump());
  }
  target = value->get<std::string>();
  return true;
}

bool JsonSection::read(std::string_view key, std::vector<std::string>& target) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return false;
  if (!value->is_array()) fail(key, "must be a list of texts, not " + value->dump());
  std::vector<std::string> texts;
  for (const nlohmann::json& item : *value) {
    if (!item.is_string()) fail(key, "must be a list of texts, not " + value->dump());
    texts.push_back(item.get<std::string>());
  }
  target = std::move(texts);
  return true;
}

void JsonSection::requireKnown() const {
  for (const auto& [key, value] : json_.items()) {
    if (asked_.contains(key)) continue;
    std::string known;
    for (const std::string& name : asked_) known += (known.empty() ? "" : ", ") + name;
    fail(key, "unknown key; known are: " + known);
  }
}

}  // namespace edge_agent
