// All of SQLite's memory from one block.
#include <holdfast/memory_arena.hpp>

#include "feature.hpp"

bool useFeature(holdfast::ConnectionManager& /*db*/) { return holdfast::memoryArena().bytes > 0; }

int main(int count, char** arguments) {
  holdfast::configureMemory({.bytes = 2 * holdfast::MiB});
  return runFootprint(count, arguments);
}
