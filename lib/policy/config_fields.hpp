#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <nlohmann/json_fwd.hpp>

#include <holdfast/connection_config.hpp>

namespace holdfast {

/// What a configuration field can be; the type decides how JSON writes it. int and std::size_t are counts,
/// std::int64_t is a number of bytes.
template <typename Config>
using FieldMember =
    std::variant<bool Config::*, int Config::*, std::size_t Config::*, std::int64_t Config::*, double Config::*,
                 std::string Config::*, std::chrono::milliseconds Config::*, std::chrono::microseconds Config::*,
                 Durability Config::*, TempStore Config::*, HousekeepingMode Config::*>;

/// The accepted values of a number, in the unit of its field (bytes, milliseconds, microseconds).
struct Range {
  std::int64_t least = 0;
  std::int64_t most = 0;
  bool orZero = false;  ///< Zero is accepted, too: it has a meaning of its own.
};

/// One field: what validate(), fromJson() and toJson() know about it.
template <typename Config>
struct Field {
  std::string_view name;
  FieldMember<Config> member;
  Range range{};
};

std::span<const Field<ConnectionConfig>> fieldsOf(const ConnectionConfig&) noexcept;
std::span<const Field<RetryPolicy>> fieldsOf(const RetryPolicy&) noexcept;

// `path` is what stands before the name in messages: "" or "retry.". Both kinds of Config are compiled.

/// Throws Error{InvalidConfig} where the field is out of range.
template <typename Config>
void checkField(const Field<Config>& field, const Config& config, std::string_view path);
/// Throws Error{InvalidConfig} where the value is of the wrong kind or out of range.
template <typename Config>
void readField(const Field<Config>& field, const nlohmann::json& value, Config& config, std::string_view path);
template <typename Config>
nlohmann::json writeField(const Field<Config>& field, const Config& config);

/// Error{InvalidConfig} that names the field, its value and what would be accepted.
[[noreturn]] void throwInvalid(std::string_view path, std::string_view name, const nlohmann::json& value,
                               std::string_view accepted);

}  // namespace holdfast
