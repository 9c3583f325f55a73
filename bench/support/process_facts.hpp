#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace bench {

/// Resident memory of this process, in bytes (/proc/self/statm). 0 where the system does not tell.
std::int64_t residentBytes();
/// Open file descriptors of this process, without the one used to count them.
int openDescriptors();
int threadCount();
/// Size of a file; 0 where there is none.
std::int64_t fileBytes(const std::string& path);

/// What a figure is meaningless without: processor, cores, kernel, SQLite and its build options.
nlohmann::ordered_json machineFacts();

}  // namespace bench
