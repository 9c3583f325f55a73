#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <holdfast/arena_options.hpp>
#include <holdfast/connection_config.hpp>

namespace holdfast {

/// The types that the fields of a structure have; the type decides how JSON writes it. int and std::size_t are
/// counts, std::int64_t is a number of bytes.
template <typename Config, typename... Types>
using MemberOfTypes = std::variant<Types Config::*...>;
template <typename Config>
struct FieldMember;
template <>
struct FieldMember<ConnectionConfig> {
  using Type = MemberOfTypes<ConnectionConfig, bool, int, std::size_t, std::int64_t, std::string,
                             std::chrono::milliseconds, Durability, TempStore, HousekeepingMode, OpenCheck>;
};
template <>
struct FieldMember<RetryPolicy> {
  using Type = MemberOfTypes<RetryPolicy, int, double, std::chrono::microseconds>;
};
template <>
struct FieldMember<BackupSchedule> {
  using Type = MemberOfTypes<BackupSchedule, std::string, std::chrono::milliseconds>;
};
template <>
struct FieldMember<ArenaOptions> {
  using Type = MemberOfTypes<ArenaOptions, bool, int, std::int64_t>;
};

/// Less is used up by what SQLite keeps for one handle and its schema: a device without threads has pages of 1 KiB.
inline constexpr std::int64_t kArenaLeastBytes = (kHasThreads ? 128 : 48) * KiB;

/// The accepted values of a number, in the unit of its field (bytes, milliseconds, microseconds).
struct Range {
  std::int64_t least = 0;
  std::int64_t most = 0;
  bool orZero = false;  ///< Zero is accepted, too: it has a meaning of its own.
};

/// One field: what validate(), fromJson() and toJson() know about it.
template <typename Config>
struct ConfigField {
  std::string_view name;
  typename FieldMember<Config>::Type member;
  Range range{};
};

std::span<const ConfigField<ConnectionConfig>> fieldsOf(const ConnectionConfig&) noexcept;
std::span<const ConfigField<RetryPolicy>> fieldsOf(const RetryPolicy&) noexcept;
std::span<const ConfigField<BackupSchedule>> fieldsOf(const BackupSchedule&) noexcept;
std::span<const ConfigField<ArenaOptions>> fieldsOf(const ArenaOptions&) noexcept;

// `path` is what stands before the name in messages: "" or "retry.". All kinds of Config are compiled.

/// Throws Error{InvalidConfig} where the field is out of range.
template <typename Config>
void checkField(const ConfigField<Config>& field, const Config& config, std::string_view path);
template <typename Config>
bool isAccepted(const ConfigField<Config>& field, const Config& config);
/// "a whole number from 1 to 60"
template <typename Config>
std::string acceptedBy(const ConfigField<Config>& field);

/// A text as messages show it.
std::string quotedConfigText(std::string_view text);
/// Error{InvalidConfig} that names the field, its value and what would be accepted.
[[noreturn]] void throwInvalid(std::string_view path, std::string_view name, std::string_view shown,
                               std::string_view accepted);

}  // namespace holdfast
