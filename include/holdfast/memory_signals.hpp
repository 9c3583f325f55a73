#pragma once

#include <cstdint>
#include <string>

namespace holdfast {

/// The process's control group (cgroup v2). Of it and the groups around it, the one that is nearest to its limit.
struct CgroupMemory {
  bool present = false;  ///< The rest means something.
  std::string path;      ///< Of the group's directory.
  std::int64_t currentBytes = 0;
  /// Of these, file content that the kernel takes back before anything else: it counts as free.
  std::int64_t inactiveFileBytes = 0;
  std::int64_t highBytes = 0;  ///< From here the kernel slows the group down (memory.high). 0: no bound.
  std::int64_t maxBytes = 0;   ///< From here it kills (memory.max). 0: no bound.
  std::uint64_t highEvents = 0;
  std::uint64_t maxEvents = 0;
  std::uint64_t oomEvents = 0;  ///< Times the group ran out of memory.

  std::int64_t workingSetBytes() const noexcept { return currentBytes - inactiveFileBytes; }
  /// The lower of highBytes and maxBytes; 0: no bound.
  std::int64_t limitBytes() const noexcept {
    if (highBytes == 0 || maxBytes == 0) return highBytes + maxBytes;
    return highBytes < maxBytes ? highBytes : maxBytes;
  }
};

/// The share of the last ten seconds that tasks lost waiting for memory, in percent (Linux PSI, kernel documentation
/// accounting/psi.rst).
struct MemoryStall {
  bool present = false;   ///< The rest means something.
  bool ofCgroup = false;  ///< Of the process's control group; else of the whole system.
  double some = 0;        ///< At least one task waited.
  double full = 0;        ///< All of them did.
};

/// What the device says about memory. Where it says nothing there is no signal.
struct MemorySignals {
  std::int64_t residentBytes = 0;  ///< Of this process (/proc/self/statm). 0: not known.
  CgroupMemory cgroup;
  MemoryStall stall;
};

}  // namespace holdfast
