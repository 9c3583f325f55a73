#pragma once

#include <string>
#include <string_view>

namespace bench {

/// Writes `text` to `path`, as a whole or not at all. Throws std::runtime_error saying why it cannot.
void writeWholeFile(const std::string& path, std::string_view text);

}  // namespace bench
