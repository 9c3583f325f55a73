#pragma once

#include <string>

#include <holdfast/connection_config.hpp>

namespace holdfast {

/// Sees to it that a database which lies at `path`, perhaps empty, has page checksums where the configuration asks for
/// them. One without is converted once: VACUUM writes it anew, through a write-ahead log, so that a power cut leaves the
/// one or the other. Nobody in this process has it open. Returns what is to be told of; empty where nothing had to be
/// done. Throws Error: Busy where another process has it open, Unsupported where it cannot have them, StorageFull, ...
std::string takeUpPageChecksums(const std::string& path, const ConnectionConfig& config);

}  // namespace holdfast
