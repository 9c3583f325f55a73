#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <holdfast/json_fwd.hpp>

namespace holdfast {

/// The one block that all of SQLite's memory comes from. In JSON the names are the same, a size is a string ("1MiB") or
/// a number of bytes; `storage` is not in JSON.
struct ArenaOptions {
  /// Size of the block. 128 KiB to 1 GiB; 0: all of `storage`.
  std::int64_t bytes = 0;
  /// Of these, set aside for database pages, which the handles share by need and recycle: a page and its header fill
  /// one place, where the heap would take the next power of two, nearly twice as much. -1: six tenths; 0: none, pages
  /// come from the heap.
  std::int64_t pageCacheBytes = -1;
  /// Of the databases, a power of two from 512 to 65536; pages that are larger come from the heap.
  int pageSize = 4096;
  /// Use the library's own allocator where SQLite has one, too (MEMSYS5): it knows its largest free block, and takes
  /// the lowest address that fits, as the proof of its bound asks for.
  bool ownAllocator = false;
  /// The block itself, such as a static array on a device without a heap; at least `bytes` long, and never used for
  /// anything else again. Empty: allocated, once.
  std::span<std::byte> storage = {};

  /// Throws Error{InvalidConfig} naming the field, its value and what would be accepted.
  void validate() const;
  /// Reads the fields that are present over the defaults. Throws Error{InvalidConfig} for an unknown key, a wrong type
  /// or a value out of range.
  static ArenaOptions fromJson(const Json& json);
};

/// Every field that JSON can carry.
Json toJson(const ArenaOptions& options);

}  // namespace holdfast
