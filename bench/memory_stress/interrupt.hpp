#pragma once

namespace bench {

/// From here on SIGINT and SIGTERM ask the program to come to its end instead of killing it; asked three times, it ends
/// at once.
void catchInterrupts();
bool interrupted() noexcept;

}  // namespace bench
