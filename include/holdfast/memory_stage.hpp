#pragma once

#include <cstdint>
#include <string_view>

namespace holdfast {

/// How close the process is to its memory limit.
enum class MemoryStage : std::uint8_t {
  Normal,    ///< Nothing is done.
  Pressure,  ///< Caches of idle handles are released.
  Critical,  ///< Idle handles are closed; where that does not help, new transactions are refused. Reads go on.
};

std::string_view toText(MemoryStage stage) noexcept;

}  // namespace holdfast
