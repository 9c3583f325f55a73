#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace holdfast {

/// A heap in a block of memory that it is given, in powers of two from kSmallest bytes.
///
/// Invariants. (1) tree_ is a complete binary tree over the block: a node is a range, its children are the halves. Its
/// value is 1 + the order of the largest free range inside of it (order k is kSmallest << k bytes), 0 where there is
/// none. (2) The node of an allocated range has 0, and all below it are as free as they can be. (3) A range whose halves
/// are free as a whole is free as a whole: neighbours are joined at once, so what is free again is never in pieces.
///
/// Taking goes down from the root, left where that has room: the lowest address that fits (first fit), which Robson's
/// bound asks for. Taking and giving back cost one walk along the height of the tree, log2(block / kSmallest) steps.
/// The tree takes up to two bytes for each kSmallest, four where the block is not a power of two. Not for several
/// threads at once.
class BuddyAllocator {
 public:
  static constexpr std::size_t kSmallest = 64;

  /// Takes over the memory, of which the first part becomes the tree; forgets what it had before. False, and then
  /// nothing can be allocated, where that leaves less than one block.
  bool adopt(std::span<std::byte> memory) noexcept;

  /// Aligned to kSmallest. Null where nothing fits; zero bytes are one block.
  void* allocate(std::size_t bytes) noexcept;
  /// Of a block that allocate() has returned.
  void release(void* block) noexcept;
  std::size_t sizeOf(const void* block) const noexcept;

  /// What a request takes: the next power of two.
  static std::size_t roundUp(std::size_t bytes) noexcept;
  std::size_t capacityBytes() const noexcept { return leaves_ * kSmallest; }
  std::size_t usedBytes() const noexcept { return used_; }
  std::size_t peakBytes() const noexcept { return peak_; }
  std::size_t largestFreeBytes() const noexcept;

 private:
  static unsigned orderOf(std::size_t bytes) noexcept;
  void markAllFree() noexcept;
  std::uint8_t joined(std::size_t node, unsigned order) const noexcept;
  /// Puts right the values of all that lie around `node`, which is of that order.
  void update(std::size_t node, unsigned order) noexcept;
  /// The node of an allocated block, and its order.
  struct Place {
    std::size_t node;
    unsigned order;
  };
  Place find(const void* block) const noexcept;

  std::uint8_t* tree_ = nullptr;  ///< From 1; node i has the children 2i and 2i + 1.
  std::byte* blocks_ = nullptr;
  std::size_t leaves_ = 0;  ///< Blocks of kSmallest that there are.
  std::size_t width_ = 0;   ///< The next power of two: the lowest level of the tree.
  unsigned top_ = 0;        ///< The order of the root.
  std::size_t used_ = 0;
  std::size_t peak_ = 0;
};

}  // namespace holdfast
