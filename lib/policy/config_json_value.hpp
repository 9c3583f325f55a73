#pragma once

#include <span>
#include <string>
#include <string_view>

#include <holdfast/json_fwd.hpp>

#include "policy/config_fields.hpp"

namespace holdfast {

/// Throws Error{InvalidConfig} where the value is of the wrong kind or out of range; the configuration is of no use then.
template <typename Config>
void readField(const ConfigField<Config>& field, const Json& value, Config& config, std::string_view path);
template <typename Config>
Json writeField(const ConfigField<Config>& field, const Config& config);

/// throwInvalid() with the value as it stands in the JSON.
[[noreturn]] void throwInvalidJson(std::string_view path, std::string_view name, const Json& value,
                                   std::string_view accepted);

/// Error{InvalidConfig} that names the key and the nearest of those that there are. `besides`: other known keys.
template <typename Config>
[[noreturn]] void throwUnknownField(const std::string& key, const Config& config, std::string_view path,
                                    std::span<const std::string_view> besides);

}  // namespace holdfast
