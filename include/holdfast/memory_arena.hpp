#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <holdfast/json_fwd.hpp>

#include <holdfast/arena_options.hpp>

namespace holdfast {

/// Who serves SQLite's requests for memory.
enum class ArenaAllocator : std::uint8_t {
  None,     ///< There is no arena: SQLite uses malloc().
  Memsys5,  ///< SQLite's own, where it was built with SQLITE_ENABLE_MEMSYS5.
  Buddy,    ///< The library's: powers of two from 64 bytes, halves that are free are joined again at once.
};

std::string_view toText(ArenaAllocator allocator) noexcept;

/// What the arena is made of and how full it is, in bytes where nothing else is said.
struct ArenaReport {
  ArenaAllocator allocator = ArenaAllocator::None;
  std::int64_t bytes = 0;      ///< The block.
  std::int64_t heapBytes = 0;  ///< Of it, the heap, ...
  std::int64_t pageBytes = 0;  ///< ... and the places for pages; the rest is bookkeeping.
  // The heap. Blocks count as what they take, rounded up.
  std::int64_t usedBytes = 0;
  std::int64_t peakBytes = 0;
  /// The largest request that would be served now. Nothing with MEMSYS5, which does not say.
  std::optional<std::int64_t> largestFreeBytes;
  /// The largest request so far.
  std::int64_t largestRequestBytes = 0;
  /// What may be in use at once, in requests of up to largestRequestBytes, so that none can fail: see arenaBytesFor().
  std::int64_t guaranteedBytes = 0;
  std::uint64_t refusals = 0;  ///< Requests that found no block; 0 with MEMSYS5, which does not say.
  // The places for pages.
  std::int64_t pages = 0;
  std::int64_t pagesUsed = 0;
  std::int64_t pagesPeak = 0;
  /// Pages that found no place, or did not fit into one, and are in the heap.
  std::int64_t pageOverflowBytes = 0;
};

Json toJson(const ArenaReport& report);

/// Has SQLite take all of its memory, in the whole process and for good, from one block. Once, before the first database
/// is opened and before anything else uses SQLite; what does not fit is Error{MemoryLimit} from there on, and the pools'
/// memoryLimit is at most the block.
///
/// Throws Error: InvalidConfig; Misuse where SQLite is in use already, or has an arena; MemoryLimit where the block
/// cannot be allocated; Unsupported where SQLite refuses the settings. After an error SQLite is as it was. Not at the
/// same time as any other use of SQLite.
ArenaReport configureMemory(const ArenaOptions& options);

/// How full it is. Any thread; blocks for an instant only.
ArenaReport memoryArena() noexcept;

/// So many bytes of heap serve every sequence of requests of which at most `maxUsed` bytes are in use at once, rounded
/// up to powers of two, and none is larger than `largestRequest`, whatever the order: M * (1 + log2(n) / 2) - n + 1 in
/// blocks of 64 bytes, n being the largest request in such blocks. Source: J. M. Robson, "Bounds for Some Functions
/// Concerning Dynamic Storage Allocation", JACM 21 (1974), as sqlite.org/malloc.html cites it for power-of-two
/// first-fit allocators.
std::int64_t arenaBytesFor(std::int64_t maxUsed, std::int64_t largestRequest) noexcept;

}  // namespace holdfast
