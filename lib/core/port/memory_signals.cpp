#include "core/port/memory_signals.hpp"

#include <unistd.h>

#include <charconv>
#include <optional>
#include <string_view>

#include "core/port/files.hpp"

namespace holdfast::port {
namespace {

constexpr std::size_t kLargestFile = 64 * 1024;

std::optional<std::string> contentOf(const std::string& path) {
  std::string content;
  if (readSmallFile(path, kLargestFile, content) != 0) return std::nullopt;
  return content;
}

std::optional<std::int64_t> numberAt(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  return number;
}

/// The text after `key` and the character that ends it, in the first line that begins with them.
std::optional<std::string_view> after(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(key)) return line.substr(key.size());
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return std::nullopt;
}

std::int64_t numberAfter(const std::optional<std::string>& text, std::string_view key) {
  const auto rest = text ? after(*text, key) : std::nullopt;
  return rest ? numberAt(*rest).value_or(0) : 0;
}

/// A limit's file holds a number, or "max" for none.
std::int64_t limitIn(const std::string& path) {
  const auto text = contentOf(path);
  return text ? numberAt(*text).value_or(0) : 0;
}

std::optional<CgroupMemory> cgroupAt(const std::string& directory) {
  const auto current = contentOf(directory + "/memory.current");
  const auto bytes = current ? numberAt(*current) : std::nullopt;
  if (!bytes) return std::nullopt;
  CgroupMemory group;
  group.present = true;
  group.path = directory;
  group.currentBytes = *bytes;
  group.highBytes = limitIn(directory + "/memory.high");
  group.maxBytes = limitIn(directory + "/memory.max");
  group.inactiveFileBytes = numberAfter(contentOf(directory + "/memory.stat"), "inactive_file ");
  const auto events = contentOf(directory + "/memory.events");
  group.highEvents = static_cast<std::uint64_t>(numberAfter(events, "high "));
  group.maxEvents = static_cast<std::uint64_t>(numberAfter(events, "max "));
  group.oomEvents = static_cast<std::uint64_t>(numberAfter(events, "oom "));
  return group;
}

/// "avg10=1.23" in a line of PSI.
std::optional<double> average(const std::optional<std::string>& text, std::string_view kind) {
  const auto line = text ? after(*text, kind) : std::nullopt;
  constexpr std::string_view kKey = "avg10=";
  const std::size_t at = line ? line->find(kKey) : std::string_view::npos;
  if (at == std::string_view::npos) return std::nullopt;
  const char* const end = line->data() + line->size();
  double percent = 0;
  const auto [rest, error] = std::from_chars(line->data() + at + kKey.size(), end, percent);
  if (error != std::errc() || !(percent >= 0)) return std::nullopt;
  return percent;
}

bool readStall(const std::string& path, MemoryStall& stall) {
  const auto text = contentOf(path);
  const auto some = average(text, "some ");
  if (!some) return false;
  stall.present = true;
  stall.some = *some;
  stall.full = average(text, "full ").value_or(0);
  return true;
}

bool isTighter(const CgroupMemory& group, const CgroupMemory& than) {
  if (than.limitBytes() == 0 || group.limitBytes() == 0) return than.limitBytes() == 0 && group.limitBytes() != 0;
  return static_cast<double>(group.workingSetBytes()) / static_cast<double>(group.limitBytes()) >
         static_cast<double>(than.workingSetBytes()) / static_cast<double>(than.limitBytes());
}

/// From the process's own group outwards. Inside of a container the path may be one that can only be seen from outside:
/// the mount itself is the group then.
void readCgroup(const std::string& root, MemorySignals& signals) {
  const auto groups = contentOf(root + "/proc/self/cgroup");
  const auto own = groups ? after(*groups, "0::") : std::nullopt;
  if (!own) return;
  const std::string mount = root + "/sys/fs/cgroup";
  std::string path(*own == "/" ? "" : *own);
  while (true) {
    if (const auto group = cgroupAt(mount + path)) {
      if (!signals.cgroup.present || isTighter(*group, signals.cgroup)) signals.cgroup = *group;
      if (!signals.stall.present) signals.stall.ofCgroup = readStall(mount + path + "/memory.pressure", signals.stall);
    }
    if (path.empty()) return;
    const std::size_t slash = path.rfind('/');
    path.resize(slash == std::string::npos ? 0 : slash);
  }
}

}  // namespace

MemorySignals readMemorySignals(const std::string& root) {
  MemorySignals signals;
  if (const auto statm = contentOf(root + "/proc/self/statm")) {
    // The second number is the resident pages (proc(5)).
    const std::size_t space = statm->find(' ');
    const auto pages = space == std::string::npos ? std::nullopt : numberAt(std::string_view(*statm).substr(space + 1));
    signals.residentBytes = pages.value_or(0) * ::sysconf(_SC_PAGESIZE);
  }
  readCgroup(root, signals);
  if (!signals.stall.present) readStall(root + "/proc/pressure/memory", signals.stall);
  return signals;
}

}  // namespace holdfast::port
