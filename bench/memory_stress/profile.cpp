#include "memory_stress/profile.hpp"

#include <algorithm>
#include <array>

#include <holdfast/units.hpp>

namespace bench {

using holdfast::KiB;
using holdfast::MiB;

std::span<const Profile> profiles() {
  static constexpr std::array kProfiles{Profile{"512KiB", 512 * KiB, 4}, Profile{"1MiB", 1 * MiB, 8},
                                        Profile{"2MiB", 2 * MiB, 8}, Profile{"4MiB", 4 * MiB, 8},
                                        Profile{"16MiB", 16 * MiB, 8}};
  return kProfiles;
}

const Profile* findProfile(std::string_view name) {
  const auto all = profiles();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Profile& profile) { return name == profile.name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace bench
