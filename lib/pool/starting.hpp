#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "core/port/mutex.hpp"

namespace holdfast {

/// A file is looked at, and perhaps replaced, by one pool at a time, up to where that has laid claim to it: by its name,
/// which stays when the file is replaced, and by what it is, which may have two names. Others seldom wait for it. Taken
/// in this order, before any other lock.
class StartingTurns {
 public:
  static port::Mutex& ofName(const std::string& path) { return names_[std::hash<std::string>()(path) % kStripes]; }
  static port::Mutex& ofFile(std::uint64_t inode) { return files_[inode % kStripes]; }

 private:
  static constexpr std::size_t kStripes = 16;
  static inline constinit std::array<port::Mutex, kStripes> names_{};
  static inline constinit std::array<port::Mutex, kStripes> files_{};
};

}  // namespace holdfast
