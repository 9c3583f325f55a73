#include "policy/config_json_value.hpp"

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <holdfast/error.hpp>

#include "core/text.hpp"
#include "policy/config_kinds.hpp"
#include "policy/nearest_name.hpp"
#include "policy/quantity.hpp"

// How each kind of field is read and written.

namespace holdfast {
namespace {

// --- Reading: nothing where the value is of the wrong kind -----------------------------------------------------------

template <typename T>
std::optional<T> readWhole(const Json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (std::in_range<T>(number)) return static_cast<T>(number);
  } else if (value.is_number_integer()) {
    const auto number = value.get<std::int64_t>();
    if (std::in_range<T>(number)) return static_cast<T>(number);
  }
  return std::nullopt;
}

template <typename T>
std::optional<T> read(const Json& value) {
  if constexpr (std::same_as<T, bool>) {
    return value.is_boolean() ? std::optional(value.get<bool>()) : std::nullopt;
  } else if constexpr (std::same_as<T, std::string>) {
    return value.is_string() ? std::optional(value.get<std::string>()) : std::nullopt;
  } else {
    static_assert(std::same_as<T, double>);
    return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
  }
}

template <Count T>
std::optional<T> read(const Json& value) {
  return readWhole<T>(value);
}

template <Bytes T>
std::optional<T> read(const Json& value) {
  return value.is_string() ? readSize(value.get_ref<const std::string&>()) : readWhole<T>(value);
}

template <Duration T>
std::optional<T> read(const Json& value) {
  constexpr std::int64_t kPerMillisecond = T(std::chrono::milliseconds(1)).count();
  if (!value.is_string()) {
    const std::optional<std::int64_t> count = readWhole<std::int64_t>(value);
    const auto largest = T::max().count() / kPerMillisecond;
    if (!count || *count < -largest || *count > largest) return std::nullopt;
    return T(*count * kPerMillisecond);
  }
  const std::optional<std::chrono::microseconds> exact = readDuration(value.get_ref<const std::string&>());
  if (!exact) return std::nullopt;
  const T duration = std::chrono::duration_cast<T>(*exact);
  return duration == *exact ? std::optional(duration) : std::nullopt;
}

template <Enum T>
std::optional<T> read(const Json& value) {
  for (const T candidate : allOf(T{})) {
    if (value == toText(candidate)) return candidate;
  }
  return std::nullopt;
}

// --- Writing ---------------------------------------------------------------------------------------------------------

template <typename T>
Json write(const T& value) {
  return value;
}
template <Bytes T>
Json write(const T& bytes) {
  return bytes % 1024 == 0 && bytes != 0 ? Json(writeSize(bytes)) : Json(bytes);
}
template <Duration T>
Json write(const T& duration) {
  return writeDuration(duration);
}
template <Enum T>
Json write(const T& value) {
  return toText(value);
}

/// Not the content of lists and objects: printing them takes stack by their depth.
std::string describe(const Json& value) {
  if (value.is_structured()) return value.is_array() ? "a list" : "an object";
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

template <typename Config>
void readField(const ConfigField<Config>& field, const Json& value, Config& config, std::string_view path) {
  std::visit(
      [&](auto member) {
        using T = decltype(typeOfMember(member));
        if (std::optional<T> result = read<T>(value)) {
          config.*member = std::move(*result);
          if (isAccepted(field, config)) return;
        }
        throwInvalidJson(path, field.name, value, acceptedBy(field));
      },
      field.member);
}

template <typename Config>
Json writeField(const ConfigField<Config>& field, const Config& config) {
  return std::visit([&](auto member) { return write<decltype(typeOfMember(member))>(config.*member); }, field.member);
}

template void readField(const ConfigField<ConnectionConfig>&, const Json&, ConnectionConfig&, std::string_view);
template void readField(const ConfigField<RetryPolicy>&, const Json&, RetryPolicy&, std::string_view);
template void readField(const ConfigField<BackupSchedule>&, const Json&, BackupSchedule&, std::string_view);
template void readField(const ConfigField<ArenaOptions>&, const Json&, ArenaOptions&, std::string_view);
template Json writeField(const ConfigField<ConnectionConfig>&, const ConnectionConfig&);
template Json writeField(const ConfigField<RetryPolicy>&, const RetryPolicy&);
template Json writeField(const ConfigField<BackupSchedule>&, const BackupSchedule&);
template Json writeField(const ConfigField<ArenaOptions>&, const ArenaOptions&);

void throwInvalidJson(std::string_view path, std::string_view name, const Json& value, std::string_view accepted) {
  throwInvalid(path, name, describe(value), accepted);
}

template <typename Config>
void throwUnknownField(const std::string& key, const Config& config, std::string_view path,
                       std::span<const std::string_view> besides) {
  std::vector<std::string_view> names;
  for (const auto& field : fieldsOf(config)) names.push_back(field.name);
  names.insert(names.end(), besides.begin(), besides.end());
  std::string text = std::string("unknown key '").append(path).append(shorten(key, 60)).append("'");
  const std::string_view nearest = nearestName(key, names);
  if (!nearest.empty()) text.append("; did you mean '").append(path).append(nearest).append("'?");
  throw Error(ErrorCode::InvalidConfig, text);
}

template void throwUnknownField(const std::string&, const ConnectionConfig&, std::string_view,
                                std::span<const std::string_view>);
template void throwUnknownField(const std::string&, const RetryPolicy&, std::string_view,
                                std::span<const std::string_view>);
template void throwUnknownField(const std::string&, const BackupSchedule&, std::string_view,
                                std::span<const std::string_view>);
template void throwUnknownField(const std::string&, const ArenaOptions&, std::string_view,
                                std::span<const std::string_view>);

}  // namespace holdfast
