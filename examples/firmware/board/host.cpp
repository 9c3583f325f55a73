// A host in place of a board, to try a program there. Its stack and heap are the operating system's.

#include "board.hpp"

namespace board {

std::size_t stackHighWater() noexcept { return 0; }
std::size_t stackBytes() noexcept { return 0; }
std::size_t heapHighWater() noexcept { return 0; }

}  // namespace board
