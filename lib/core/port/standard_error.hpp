#pragma once

#include <string_view>

namespace holdfast::port {

/// Writes `text` to standard error, unbuffered, in one system call unless the system takes it in parts. What cannot
/// be written is dropped. Leaves errno as it was.
void writeStandardError(std::string_view text) noexcept;

}  // namespace holdfast::port
