#pragma once

#include <string>

#include <holdfast/memory_signals.hpp>

namespace holdfast::port {

/// Reads what the system says about memory from its files, looked for under `root` ("": the real ones). Files that are
/// missing or make no sense give no signal. Reads a dozen small files: for housekeeping. Throws std::bad_alloc.
MemorySignals readMemorySignals(const std::string& root);

}  // namespace holdfast::port
