#pragma once

#include <string>

namespace holdfast {

/// An errno about a file as an Error: StorageFull, ReadOnly, MemoryLimit, else IoError. `what`: "renamed", "synced".
[[noreturn]] void throwFileError(const std::string& path, const char* what, int error);

}  // namespace holdfast
