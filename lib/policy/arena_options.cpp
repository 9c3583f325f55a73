#include <holdfast/arena_options.hpp>

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <holdfast/error.hpp>

#include "core/out_of_memory.hpp"
#include "core/text.hpp"
#include "policy/config_fields.hpp"
#include "policy/nearest_name.hpp"

namespace holdfast {
namespace {

using nlohmann::json;

[[noreturn]] void throwUnknownKey(const std::string& key) {
  std::vector<std::string_view> names;
  for (const auto& field : fieldsOf(ArenaOptions{})) names.push_back(field.name);
  std::string text = "unknown key '" + shorten(key, 60) + "'";
  const std::string_view nearest = nearestName(key, names);
  if (!nearest.empty()) text.append("; did you mean '").append(nearest).append("'?");
  throw Error(ErrorCode::InvalidConfig, text);
}

}  // namespace

void ArenaOptions::validate() const {
  for (const auto& field : fieldsOf(*this)) checkField(field, *this, "");
  const auto given = static_cast<std::int64_t>(storage.size());
  if (bytes == 0 && given == 0) throwInvalid("", "bytes", 0, "a size, or storage");
  if (bytes == 0 && given < kArenaLeastBytes) {
    throwInvalid("", "storage", given, "at least " + formatBytes(kArenaLeastBytes));
  }
  if (given != 0 && bytes > given) throwInvalid("", "bytes", bytes, "at most the bytes of storage");
  if (!std::has_single_bit(static_cast<unsigned>(pageSize))) {
    throwInvalid("", "pageSize", pageSize, "a power of two from 512 to 65536");
  }
  const std::int64_t whole = bytes != 0 ? bytes : given;
  if (pageCacheBytes > whole / 4 * 3) {
    throwInvalid("", "pageCacheBytes", pageCacheBytes, "at most three quarters of the block: statements need a heap");
  }
}

ArenaOptions ArenaOptions::fromJson(const json& json) {
  return translatingBadAlloc([&json] {
    if (!json.is_object()) throwInvalid("", "arena", json, "an object");
    ArenaOptions options;
    const auto fields = fieldsOf(options);
    for (const auto& [key, value] : json.items()) {
      const std::string& name = key;
      const auto field = std::find_if(fields.begin(), fields.end(), [&name](const auto& f) { return f.name == name; });
      if (field == fields.end()) throwUnknownKey(key);
      readField(*field, value, options, "");
    }
    return options;
  });
}

json toJson(const ArenaOptions& options) {
  json result = json::object();
  for (const auto& field : fieldsOf(options)) result[std::string(field.name)] = writeField(field, options);
  return result;
}

}  // namespace holdfast
