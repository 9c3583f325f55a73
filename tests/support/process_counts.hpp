#pragma once

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>
#include <system_error>
#include <thread>

namespace holdfast::test {

/// Open file descriptors of this process; the one that counts them is among them, each time.
inline std::size_t openFiles() {
  const std::filesystem::directory_iterator entries("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

/// Those of them that are on files of that directory.
inline std::size_t openFilesUnder(const std::string& directory) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    count += std::filesystem::read_symlink(entry.path(), ignored).string().starts_with(directory) ? 1 : 0;
  }
  return count;
}

/// ThreadSanitizer starts a thread of its own beside the first one of the program.
#if defined(HOLDFAST_SANITIZE_THREAD)
inline constexpr bool kSanitizerThread = true;
#else
inline constexpr bool kSanitizerThread = false;
#endif

/// Threads of this process, once a first one has been started.
inline std::size_t openThreads() {
  if constexpr (kSanitizerThread) {
    static const bool started = (std::thread([] {}).join(), true);
    static_cast<void>(started);
  }
  const std::filesystem::directory_iterator entries("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

}  // namespace holdfast::test
