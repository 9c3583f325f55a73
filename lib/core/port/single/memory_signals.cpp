#include "core/port/memory_signals.hpp"

namespace holdfast::port {

MemorySignals readMemorySignals(const std::string&) { return {}; }

}  // namespace holdfast::port
