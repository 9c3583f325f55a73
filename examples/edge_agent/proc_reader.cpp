#include "proc_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

namespace edge_agent {
namespace {

namespace fs = std::filesystem;

/// Files of /proc and /sys have no size beforehand.
std::optional<std::string> readFile(const char* path) {
  const int descriptor = ::open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  std::string content;
  char buffer[4096];
  ssize_t size = 0;
  while ((size = ::read(descriptor, buffer, sizeof buffer)) > 0) content.append(buffer, static_cast<std::size_t>(size));
  ::close(descriptor);
  if (size < 0) return std::nullopt;
  return content;
}

std::optional<std::string> readLine(const fs::path& path) {
  std::optional<std::string> content = readFile(path.c_str());
  if (content) content->resize(std::min(content->find('\n'), content->size()));
  return content;
}

std::vector<fs::path> entriesOf(const char* directory) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    entries.push_back(entry->path());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// One line "NAME MILLIDEGREES"; blanks in names become underscores.
void addTemperature(std::string& text, std::string name, const fs::path& file) {
  const std::optional<std::string> value = readLine(file);
  if (!value) return;
  std::replace(name.begin(), name.end(), ' ', '_');
  text += name + " " + *value + "\n";
}

std::optional<std::string> readTemperatures() {
  std::string text;
  for (const fs::path& zone : entriesOf("/sys/class/thermal")) {
    const std::string number = zone.filename().string();  // thermal_zone0; cooling_device0 has no temp.
    if (number.starts_with("thermal_zone")) {
      addTemperature(text, number + "." + readLine(zone / "type").value_or("zone"), zone / "temp");
    }
  }
  for (const fs::path& chip : entriesOf("/sys/class/hwmon")) {
    const std::string prefix = chip.filename().string() + "." + readLine(chip / "name").value_or("chip");
    for (const fs::path& input : entriesOf(chip.c_str())) {
      const std::string file = input.filename().string();  // temp1_input, beside temp1_label, temp1_max, ...
      if (!file.starts_with("temp") || !file.ends_with("_input")) continue;
      addTemperature(text, prefix + "." + file.substr(0, file.find('_')), input);
    }
  }
  if (text.empty()) return std::nullopt;
  return text;
}

std::optional<std::string> readProcess() {
  std::optional<std::string> text = readFile("/proc/self/status");
  if (text) *text += readFile("/proc/self/io").value_or("");
  return text;
}

}  // namespace

std::optional<std::string> readSource(Source source) {
  switch (source) {
    case Source::Cpu: return readFile("/proc/stat");
    case Source::Memory: return readFile("/proc/meminfo");
    case Source::Disk: return readFile("/proc/diskstats");
    case Source::Network: return readFile("/proc/net/dev");
    case Source::Load: return readFile("/proc/loadavg");
    case Source::Temperature: return readTemperatures();
    case Source::Process: return readProcess();
  }
  return std::nullopt;
}

std::int64_t residentBytes() {
  const std::optional<std::string> statm = readFile("/proc/self/statm");  // "size resident ...", in pages
  if (!statm) return 0;
  const std::size_t blank = statm->find(' ');
  if (blank == std::string::npos) return 0;
  std::int64_t pages = 0;
  std::from_chars(statm->data() + blank + 1, statm->data() + statm->size(), pages);
  return pages * ::sysconf(_SC_PAGESIZE);
}

}  // namespace edge_agent
