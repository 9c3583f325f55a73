#include <array>
#include <optional>
#include <type_traits>
#include <utility>

#include <nlohmann/json.hpp>

#include <holdfast/error.hpp>

#include "core/text.hpp"
#include "policy/config_fields.hpp"
#include "policy/quantity.hpp"

// How each type of field is read, written, checked and described.

namespace holdfast {
namespace {

using nlohmann::json;

template <typename T>
concept Count = std::same_as<T, int> || std::same_as<T, std::size_t>;
template <typename T>
concept Bytes = std::same_as<T, std::int64_t>;
template <typename T>
concept Duration = std::same_as<T, std::chrono::milliseconds> || std::same_as<T, std::chrono::microseconds>;
template <typename T>
concept Enum = std::is_enum_v<T>;

constexpr std::array kAllDurability{Durability::Full, Durability::Normal, Durability::Off};
constexpr std::array kAllTempStores{TempStore::File, TempStore::Memory};
constexpr std::array kAllHousekeepingModes{HousekeepingMode::Thread, HousekeepingMode::Manual};
constexpr const auto& allOf(Durability) { return kAllDurability; }
constexpr const auto& allOf(TempStore) { return kAllTempStores; }
constexpr const auto& allOf(HousekeepingMode) { return kAllHousekeepingModes; }

// --- Reading: nothing where the value is of the wrong kind -----------------------------------------------------------

template <typename T>
std::optional<T> readWhole(const json& value) {
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
std::optional<T> read(const json& value) {
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
std::optional<T> read(const json& value) {
  return readWhole<T>(value);
}

template <Bytes T>
std::optional<T> read(const json& value) {
  return value.is_string() ? readSize(value.get_ref<const std::string&>()) : readWhole<T>(value);
}

template <Duration T>
std::optional<T> read(const json& value) {
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
std::optional<T> read(const json& value) {
  for (const T candidate : allOf(T{})) {
    if (value == toText(candidate)) return candidate;
  }
  return std::nullopt;
}

// --- Writing ---------------------------------------------------------------------------------------------------------

template <typename T>
json write(const T& value) {
  return value;
}
template <Bytes T>
json write(const T& bytes) {
  return bytes % 1024 == 0 && bytes != 0 ? json(writeSize(bytes)) : json(bytes);
}
template <Duration T>
json write(const T& duration) {
  return writeDuration(duration);
}
template <Enum T>
json write(const T& value) {
  return toText(value);
}

// --- Checking --------------------------------------------------------------------------------------------------------

template <typename T>
bool accepts(const Range&, const T&) {
  return true;
}
template <typename T>
  requires(Count<T> || Bytes<T>)
bool accepts(const Range& range, const T& value) {
  return (std::cmp_greater_equal(value, range.least) && std::cmp_less_equal(value, range.most)) ||
         (range.orZero && value == 0);
}
template <std::same_as<double> T>
bool accepts(const Range& range, const T& value) {
  return value >= static_cast<double>(range.least) && value <= static_cast<double>(range.most);  // False for a NaN.
}
template <Duration T>
bool accepts(const Range& range, const T& value) {
  return accepts(range, std::int64_t{value.count()});
}
template <Enum T>
bool accepts(const Range&, const T& value) {
  for (const T candidate : allOf(value)) {
    if (candidate == value) return true;
  }
  return false;
}

// --- Describing ------------------------------------------------------------------------------------------------------

std::string fromTo(const std::string& least, const std::string& most) {
  return std::string("from ").append(least).append(" to ").append(most);
}

template <typename T>
std::string accepted(const Range& range) {
  if constexpr (std::same_as<T, bool>) {
    return "true or false";
  } else if constexpr (std::same_as<T, std::string>) {
    return "a text";
  } else {
    const std::string kind = Count<T> ? "a whole number " : "a number ";
    return kind + fromTo(std::to_string(range.least), std::to_string(range.most));
  }
}
template <Bytes T>
std::string accepted(const Range& range) {
  const std::string size = "a size " + fromTo(writeSize(range.least), writeSize(range.most));
  return (range.orZero ? "0 or " + size : size) + " (\"4MiB\", or a number of bytes)";
}
template <Duration T>
std::string accepted(const Range& range) {
  return "a duration " + fromTo(writeDuration(T(range.least)), writeDuration(T(range.most))) +
         " (\"3s\", or a whole number of milliseconds)";
}
template <Enum T>
std::string accepted(const Range&) {
  std::string texts;
  for (const T candidate : allOf(T{})) {
    if (!texts.empty()) texts += candidate == allOf(T{}).back() ? " or " : ", ";
    texts.append("\"").append(toText(candidate)).append("\"");
  }
  return texts;
}

/// Not the content of lists and objects: printing them takes stack by their depth.
std::string describe(const json& value) {
  if (value.is_structured()) return value.is_array() ? "a list" : "an object";
  return shorten(value.dump(-1, ' ', false, json::error_handler_t::replace), 60);
}

template <typename Config, typename T>
T typeOf(T Config::*);

}  // namespace

template <typename Config>
void checkField(const Field<Config>& field, const Config& config, std::string_view path) {
  std::visit(
      [&](auto member) {
        using T = decltype(typeOf(member));
        if (accepts<T>(field.range, config.*member)) return;
        throwInvalid(path, field.name, write<T>(config.*member), accepted<T>(field.range));
      },
      field.member);
}

template <typename Config>
void readField(const Field<Config>& field, const json& value, Config& config, std::string_view path) {
  std::visit(
      [&](auto member) {
        using T = decltype(typeOf(member));
        std::optional<T> result = read<T>(value);
        if (!result || !accepts<T>(field.range, *result)) {
          throwInvalid(path, field.name, value, accepted<T>(field.range));
        }
        config.*member = std::move(*result);
      },
      field.member);
}

template <typename Config>
json writeField(const Field<Config>& field, const Config& config) {
  return std::visit([&](auto member) { return write<decltype(typeOf(member))>(config.*member); }, field.member);
}

template void checkField(const Field<ConnectionConfig>&, const ConnectionConfig&, std::string_view);
template void checkField(const Field<RetryPolicy>&, const RetryPolicy&, std::string_view);
template void checkField(const Field<ArenaOptions>&, const ArenaOptions&, std::string_view);
template void readField(const Field<ConnectionConfig>&, const json&, ConnectionConfig&, std::string_view);
template void readField(const Field<RetryPolicy>&, const json&, RetryPolicy&, std::string_view);
template void readField(const Field<ArenaOptions>&, const json&, ArenaOptions&, std::string_view);
template json writeField(const Field<ConnectionConfig>&, const ConnectionConfig&);
template json writeField(const Field<RetryPolicy>&, const RetryPolicy&);
template json writeField(const Field<ArenaOptions>&, const ArenaOptions&);

void throwInvalid(std::string_view path, std::string_view name, const json& value, std::string_view accepted) {
  throw Error(ErrorCode::InvalidConfig, std::string("'")
                                            .append(path)
                                            .append(name)
                                            .append("' is ")
                                            .append(describe(value))
                                            .append("; accepted: ")
                                            .append(accepted));
}

}  // namespace holdfast
