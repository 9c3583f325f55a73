#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

#include <holdfast/arena_options.hpp>

#include "core/out_of_memory.hpp"
#include "policy/config_json_value.hpp"

namespace holdfast {

ArenaOptions ArenaOptions::fromJson(const Json& object) {
  return translatingBadAlloc([&object] {
    if (!object.is_object()) throwInvalidJson("", "arena", object, "an object");
    ArenaOptions options;
    const auto fields = fieldsOf(options);
    for (const auto& [key, value] : object.items()) {
      const std::string& name = key;
      const auto field = std::find_if(fields.begin(), fields.end(), [&name](const auto& f) { return f.name == name; });
      if (field == fields.end()) throwUnknownField(key, options, "", {});
      readField(*field, value, options, "");
    }
    return options;
  });
}

Json toJson(const ArenaOptions& options) {
  Json result = Json::object();
  for (const auto& field : fieldsOf(options)) result[std::string(field.name)] = writeField(field, options);
  return result;
}

}  // namespace holdfast
