#pragma once

#include <cstddef>
#include <filesystem>
#include <iterator>

namespace holdfast::test {

/// Open file descriptors of this process; the one that counts them is among them, each time.
inline std::size_t openFiles() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

/// Threads of this process.
inline std::size_t openThreads() {
  const std::filesystem::directory_iterator entries("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

}  // namespace holdfast::test
