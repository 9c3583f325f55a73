#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace bench {

/// Resident memory of this process, in bytes (/proc/self/statm). 0 where the system does not tell.
std::int64_t residentBytes();
/// Open file descriptors of this process.
struct Descriptors {
  int kept = 0;       ///< Of files that have a name, sockets and the like.
  int temporary = 0;  ///< Of files that were deleted already, as SQLite's temporary files are: they come and go.
};
/// Without the one used to count them. Under an emulator some of these may be its own.
Descriptors openDescriptors();
int threadCount();
/// Size of a file; 0 where there is none.
std::int64_t fileBytes(const std::string& path);

/// What a figure is meaningless without: processor, cores, kernel, SQLite and its build options.
nlohmann::ordered_json machineFacts();

}  // namespace bench
