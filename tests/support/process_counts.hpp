#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
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

/// ThreadSanitizer starts a thread of its own beside the first one of the program, and so does an emulator.
#if defined(HOLDFAST_SANITIZE_THREAD) || defined(HOLDFAST_EMULATED)
inline constexpr bool kToolThread = true;
#else
inline constexpr bool kToolThread = false;
#endif

/// Whether the kernel still lists a thread that has come to its end: whoever joins it is told before it is gone. The flags
/// are the ninth field of proc_pid_stat(5), PF_EXITING is the kernel's.
inline bool isExiting(const std::filesystem::path& task) {
  constexpr unsigned kExiting = 4;
  std::ifstream file(task / "stat");
  std::string line;
  std::getline(file, line);
  const std::size_t name = line.rfind(')');  // The second field, which may hold blanks.
  if (name == std::string::npos) return true;
  std::istringstream fields(line.substr(name + 1));
  std::string skipped;
  for (int field = 3; field < 9; ++field) fields >> skipped;
  unsigned flags = 0;
  fields >> flags;
  return (flags & kExiting) != 0;
}

/// Threads of this process that run, once a first one has been started.
inline std::size_t openThreads() {
  if constexpr (kToolThread) {
    static const bool started = (std::thread([] {}).join(), true);
    static_cast<void>(started);
  }
  const std::filesystem::directory_iterator entries("/proc/self/task");
  return static_cast<std::size_t>(
      std::count_if(begin(entries), end(entries), [](const auto& entry) { return !isExiting(entry.path()); }));
}

}  // namespace holdfast::test
