#include "support/process_facts.hpp"

#include <dirent.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <thread>

namespace bench {

namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

std::string processorName() {
  const File file(std::fopen("/proc/cpuinfo", "r"));
  char line[256];
  while (file && std::fgets(line, sizeof line, file.get()) != nullptr) {
    if (std::strncmp(line, "model name", 10) != 0) continue;
    const char* colon = std::strchr(line, ':');
    if (colon == nullptr) break;
    std::string name(colon + 2);
    while (!name.empty() && name.back() == '\n') name.pop_back();
    return name;
  }
  return "unknown";
}

/// Whether the file behind a descriptor has no name any more: Linux says so behind the one it had.
bool isDeleted(int directory, const char* name) {
  static constexpr std::string_view kMark = " (deleted)";
  char target[512];
  const ssize_t size = readlinkat(directory, name, target, sizeof target);
  return size > 0 && std::string_view(target, static_cast<std::size_t>(size)).ends_with(kMark);
}

}  // namespace

std::int64_t residentBytes() {
  const File file(std::fopen("/proc/self/statm", "r"));
  long total = 0;
  long resident = 0;
  if (!file || std::fscanf(file.get(), "%ld %ld", &total, &resident) != 2) return 0;
  return static_cast<std::int64_t>(resident) * sysconf(_SC_PAGESIZE);
}

Descriptors openDescriptors() {
  Descriptors count;
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return count;
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    ++(isDeleted(dirfd(directory), entry->d_name) ? count.temporary : count.kept);
  }
  closedir(directory);
  --count.kept;  // The directory's own.
  return count;
}

int threadCount() {
  const File file(std::fopen("/proc/self/status", "r"));
  char line[256];
  int count = 0;
  while (file && std::fgets(line, sizeof line, file.get()) != nullptr) {
    if (std::sscanf(line, "Threads: %d", &count) == 1) break;
  }
  return count;
}

std::int64_t fileBytes(const std::string& path) {
  struct stat facts {};
  return stat(path.c_str(), &facts) == 0 ? static_cast<std::int64_t>(facts.st_size) : 0;
}

nlohmann::ordered_json machineFacts() {
  utsname system{};
  uname(&system);
  nlohmann::ordered_json facts;
  facts["processor"] = processorName();
  facts["cores"] = std::thread::hardware_concurrency();
  facts["system"] = std::string(system.sysname) + " " + system.release + " " + system.machine;
  facts["sqliteVersion"] = sqlite3_libversion();
  facts["sqliteSourceId"] = sqlite3_sourceid();
  auto& options = facts["sqliteOptions"] = nlohmann::ordered_json::array();
  for (int i = 0; const char* option = sqlite3_compileoption_get(i); ++i) options.push_back(option);
  return facts;
}

}  // namespace bench
