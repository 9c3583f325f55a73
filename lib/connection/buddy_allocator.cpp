#include "connection/buddy_allocator.hpp"

#include <algorithm>
#include <bit>

namespace holdfast {

unsigned BuddyAllocator::orderOf(std::size_t bytes) noexcept {
  const std::size_t blocks = bytes / kSmallest + (bytes % kSmallest != 0 ? 1 : 0);
  return blocks <= 1 ? 0 : static_cast<unsigned>(std::bit_width(blocks - 1));
}

std::size_t BuddyAllocator::roundUp(std::size_t bytes) noexcept { return kSmallest << orderOf(bytes); }

bool BuddyAllocator::adopt(std::span<std::byte> memory) noexcept {
  *this = {};
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  const std::size_t skip = (kSmallest - address % kSmallest) % kSmallest;
  if (memory.size() < skip) return false;
  const std::size_t whole = (memory.size() - skip) / kSmallest;
  std::size_t treeBlocks = 0;
  // The tree is made for all blocks, those that it takes itself included: a few bytes more than it needs.
  if (whole > 0) treeBlocks = (2 * std::bit_ceil(whole) + kSmallest - 1) / kSmallest;
  if (whole <= treeBlocks) return false;
  tree_ = reinterpret_cast<std::uint8_t*>(memory.data() + skip);
  blocks_ = memory.data() + skip + treeBlocks * kSmallest;
  leaves_ = whole - treeBlocks;
  width_ = std::bit_ceil(leaves_);
  top_ = static_cast<unsigned>(std::bit_width(width_) - 1);
  markAllFree();
  return true;
}

void BuddyAllocator::markAllFree() noexcept {
  for (std::size_t leaf = 0; leaf < width_; ++leaf) tree_[width_ + leaf] = leaf < leaves_ ? 1 : 0;
  unsigned order = 1;
  for (std::size_t level = width_ / 2; level > 0; level /= 2, ++order) {
    for (std::size_t node = level; node < 2 * level; ++node) tree_[node] = joined(node, order);
  }
}

std::uint8_t BuddyAllocator::joined(std::size_t node, unsigned order) const noexcept {
  const std::uint8_t left = tree_[2 * node];
  const std::uint8_t right = tree_[2 * node + 1];
  const bool isWhole = left == order && right == order;  // As free as ranges of the order below can be.
  return isWhole ? static_cast<std::uint8_t>(order + 1) : std::max(left, right);
}

void BuddyAllocator::update(std::size_t node, unsigned order) noexcept {
  while (node > 1) {
    node /= 2;
    tree_[node] = joined(node, ++order);
  }
}

void* BuddyAllocator::allocate(std::size_t bytes) noexcept {
  const unsigned wanted = orderOf(bytes);
  if (tree_ == nullptr || tree_[1] <= wanted) return nullptr;
  std::size_t node = 1;
  for (unsigned order = top_; order > wanted; --order) {
    node *= 2;
    if (tree_[node] <= wanted) ++node;
  }
  tree_[node] = 0;
  update(node, wanted);
  used_ += kSmallest << wanted;
  peak_ = std::max(peak_, used_);
  const std::size_t firstOfLevel = width_ >> wanted;
  return blocks_ + ((node - firstOfLevel) << wanted) * kSmallest;
}

BuddyAllocator::Place BuddyAllocator::find(const void* block) const noexcept {
  const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(block) - blocks_);
  Place place{width_ + offset / kSmallest, 0};
  while (tree_[place.node] != 0) {
    place.node /= 2;
    ++place.order;
  }
  return place;
}

void BuddyAllocator::release(void* block) noexcept {
  const Place place = find(block);
  tree_[place.node] = static_cast<std::uint8_t>(place.order + 1);
  update(place.node, place.order);
  used_ -= kSmallest << place.order;
}

std::size_t BuddyAllocator::sizeOf(const void* block) const noexcept { return kSmallest << find(block).order; }

std::size_t BuddyAllocator::largestFreeBytes() const noexcept {
  return tree_ == nullptr || tree_[1] == 0 ? 0 : kSmallest << (tree_[1] - 1);
}

}  // namespace holdfast
