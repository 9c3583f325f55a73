#include <array>
#include <cstdio>
#include <utility>

#include <holdfast/error.hpp>

#include "core/json_text.hpp"
#include "core/text.hpp"
#include "policy/config_fields.hpp"
#include "policy/config_kinds.hpp"
#include "policy/quantity.hpp"

// How each kind of field is checked and described.

namespace holdfast {
namespace {

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

// Values are shown as they would stand in JSON.

template <typename T>
std::string shown(const T& value) {
  if constexpr (std::same_as<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::same_as<T, std::string>) {
    return quotedConfigText(value);
  } else {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.15g", value);
    return text.data();
  }
}
template <Count T>
std::string shown(const T& value) {
  return std::to_string(value);
}
template <Bytes T>
std::string shown(const T& bytes) {
  return bytes % 1024 == 0 && bytes != 0 ? quotedConfigText(writeSize(bytes)) : std::to_string(bytes);
}
template <Duration T>
std::string shown(const T& duration) {
  return quotedConfigText(writeDuration(duration));
}
template <Enum T>
std::string shown(const T& value) {
  return quotedConfigText(toText(value));
}

}  // namespace

std::string quotedConfigText(std::string_view text) {
  std::string quoted;
  if (isUtf8(text)) {
    appendQuoted(quoted, text);
  } else {
    quoted = "a text that is not UTF-8";
  }
  return quoted;
}

template <typename Config>
bool isAccepted(const ConfigField<Config>& field, const Config& config) {
  return std::visit([&](auto member) { return accepts<decltype(typeOfMember(member))>(field.range, config.*member); },
                    field.member);
}

template <typename Config>
std::string acceptedBy(const ConfigField<Config>& field) {
  return std::visit([&](auto member) { return accepted<decltype(typeOfMember(member))>(field.range); }, field.member);
}

template <typename Config>
void checkField(const ConfigField<Config>& field, const Config& config, std::string_view path) {
  if (isAccepted(field, config)) return;
  const std::string value =
      std::visit([&](auto member) { return shown<decltype(typeOfMember(member))>(config.*member); }, field.member);
  throwInvalid(path, field.name, value, acceptedBy(field));
}

template bool isAccepted(const ConfigField<ConnectionConfig>&, const ConnectionConfig&);
template bool isAccepted(const ConfigField<RetryPolicy>&, const RetryPolicy&);
template bool isAccepted(const ConfigField<BackupSchedule>&, const BackupSchedule&);
template bool isAccepted(const ConfigField<ArenaOptions>&, const ArenaOptions&);
template std::string acceptedBy(const ConfigField<ConnectionConfig>&);
template std::string acceptedBy(const ConfigField<RetryPolicy>&);
template std::string acceptedBy(const ConfigField<BackupSchedule>&);
template std::string acceptedBy(const ConfigField<ArenaOptions>&);
template void checkField(const ConfigField<ConnectionConfig>&, const ConnectionConfig&, std::string_view);
template void checkField(const ConfigField<RetryPolicy>&, const RetryPolicy&, std::string_view);
template void checkField(const ConfigField<BackupSchedule>&, const BackupSchedule&, std::string_view);
template void checkField(const ConfigField<ArenaOptions>&, const ArenaOptions&, std::string_view);

void throwInvalid(std::string_view path, std::string_view name, std::string_view shown, std::string_view accepted) {
  throw Error(ErrorCode::InvalidConfig, std::string("'")
                                            .append(path)
                                            .append(name)
                                            .append("' is ")
                                            .append(shorten(shown, 60))
                                            .append("; accepted: ")
                                            .append(accepted));
}

}  // namespace holdfast
