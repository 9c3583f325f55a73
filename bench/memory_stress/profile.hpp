#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace bench {

/// A budget that the library promises to hold, and with how many handles and threads.
struct Profile {
  const char* name;
  std::int64_t limit;
  std::size_t handles;
};

/// From the smallest.
std::span<const Profile> profiles();
/// Null where there is none of this name.
const Profile* findProfile(std::string_view name);

}  // namespace bench
