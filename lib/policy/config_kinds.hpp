#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <holdfast/connection_config.hpp>

// The kinds of fields, by which they are read, written, checked and described.

namespace holdfast {

template <typename T>
concept Count = std::same_as<T, int> || std::same_as<T, std::size_t>;
template <typename T>
concept Bytes = std::same_as<T, std::int64_t>;
template <typename T>
concept Duration = std::same_as<T, std::chrono::milliseconds> || std::same_as<T, std::chrono::microseconds>;
template <typename T>
concept Enum = std::is_enum_v<T>;

inline constexpr std::array kAllDurability{Durability::Full, Durability::Normal, Durability::Off};
inline constexpr std::array kAllTempStores{TempStore::File, TempStore::Memory};
inline constexpr std::array kAllHousekeepingModes{HousekeepingMode::Thread, HousekeepingMode::Manual};
inline constexpr std::array kAllOpenChecks{OpenCheck::AfterCrash, OpenCheck::Always, OpenCheck::Never};
constexpr const auto& allOf(OpenCheck) { return kAllOpenChecks; }
constexpr const auto& allOf(Durability) { return kAllDurability; }
constexpr const auto& allOf(TempStore) { return kAllTempStores; }
constexpr const auto& allOf(HousekeepingMode) { return kAllHousekeepingModes; }

template <typename Config, typename T>
T typeOfMember(T Config::*);

}  // namespace holdfast
