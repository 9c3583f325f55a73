#include "connection/buddy_allocator.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <vector>

using holdfast::BuddyAllocator;

namespace {

constexpr std::size_t kSmallest = BuddyAllocator::kSmallest;

/// A heap on a block that begins `offset` bytes past an aligned address.
struct Heap {
  explicit Heap(std::size_t bytes, std::size_t offset = 0) : memory(bytes + offset + kSmallest) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
    std::byte* aligned = memory.data() + (kSmallest - address % kSmallest) % kSmallest;
    adopted = allocator.adopt({aligned + offset, bytes});
  }
  std::size_t offsetOf(const void* block) const {
    return static_cast<std::size_t>(static_cast<const std::byte*>(block) - memory.data());
  }
  std::vector<std::byte> memory;
  BuddyAllocator allocator;
  bool adopted = false;
};

/// What is allocated, by a list: slow, and so plain that it cannot be wrong.
struct Model {
  struct Block {
    std::size_t bytes;
    std::uint8_t content;
  };
  std::map<std::byte*, Block> blocks;

  bool overlaps(const std::byte* begin, std::size_t bytes) const {
    return std::any_of(blocks.begin(), blocks.end(), [&](const auto& entry) {
      return begin < entry.first + entry.second.bytes && entry.first < begin + bytes;
    });
  }
  static bool isIntact(const std::byte* begin, const Block& block) {
    return std::all_of(begin, begin + block.bytes,
                       [&](std::byte each) { return each == static_cast<std::byte>(block.content); });
  }
};

/// Random requests against the model; at the end everything is given back.
void compare(std::size_t heapBytes, std::size_t offset, unsigned seed) {
  Heap heap(heapBytes, offset);
  REQUIRE(heap.adopted);
  Model model;
  std::mt19937 random(seed);
  const std::size_t freeAtFirst = heap.allocator.largestFreeBytes();
  std::size_t refused = 0;
  for (int step = 0; step < 4000; ++step) {
    const bool take = random() % 100 < (step < 2000 ? 60U : 45U);
    if (take || model.blocks.empty()) {
      const std::size_t bytes = random() % 8 == 0 ? random() % (heapBytes / 8) : random() % 700;
      const std::size_t room = heap.allocator.largestFreeBytes();
      auto* block = static_cast<std::byte*>(heap.allocator.allocate(bytes));
      // Served exactly where the largest free block is large enough.
      REQUIRE((block != nullptr) == (BuddyAllocator::roundUp(bytes) <= room));
      if (block == nullptr) {
        ++refused;
        continue;
      }
      const std::size_t size = heap.allocator.sizeOf(block);
      REQUIRE(size == BuddyAllocator::roundUp(bytes));
      REQUIRE(reinterpret_cast<std::uintptr_t>(block) % kSmallest == 0);
      REQUIRE(block >= heap.memory.data());
      REQUIRE(block + size <= heap.memory.data() + heap.memory.size());
      REQUIRE_FALSE(model.overlaps(block, size));
      const auto content = static_cast<std::uint8_t>(random());
      std::memset(block, content, size);
      model.blocks[block] = {size, content};
    } else {
      auto victim = model.blocks.begin();
      std::advance(victim, static_cast<std::ptrdiff_t>(random() % model.blocks.size()));
      REQUIRE(Model::isIntact(victim->first, victim->second));
      heap.allocator.release(victim->first);
      model.blocks.erase(victim);
    }
    std::size_t used = 0;
    for (const auto& [begin, block] : model.blocks) used += block.bytes;
    REQUIRE(heap.allocator.usedBytes() == used);
  }
  CHECK(refused > 0);
  for (const auto& [begin, block] : model.blocks) {
    CHECK(Model::isIntact(begin, block));
    heap.allocator.release(begin);
  }
  CHECK(heap.allocator.usedBytes() == 0);
  CHECK(heap.allocator.largestFreeBytes() == freeAtFirst);  // Everything has been joined again.
  CHECK(heap.allocator.peakBytes() > heapBytes / 4);
}

}  // namespace

TEST_SUITE("connection/buddy_allocator") {
  TEST_CASE("random requests are served as a plain model says, and all is one piece in the end") {
    for (unsigned seed = 1; seed <= 6; ++seed) {
      CAPTURE(seed);
      compare(64 * 1024, 0, seed);
      compare(100'000, 24, seed);
      compare(33'333, 8, seed);
    }
  }

  TEST_CASE("requests are rounded up to powers of two") {
    CHECK(BuddyAllocator::roundUp(0) == 64);
    CHECK(BuddyAllocator::roundUp(1) == 64);
    CHECK(BuddyAllocator::roundUp(64) == 64);
    CHECK(BuddyAllocator::roundUp(65) == 128);
    CHECK(BuddyAllocator::roundUp(4096) == 4096);
    CHECK(BuddyAllocator::roundUp(4097) == 8192);
    constexpr std::size_t kLarge = std::size_t{1} << (8 * sizeof(std::size_t) - 4);
    CHECK(BuddyAllocator::roundUp(kLarge) == kLarge);
  }

  TEST_CASE("the lowest address that fits is taken") {
    Heap heap(16 * 1024);
    BuddyAllocator& allocator = heap.allocator;
    void* first = allocator.allocate(64);
    void* second = allocator.allocate(64);
    void* third = allocator.allocate(128);
    CHECK(heap.offsetOf(second) == heap.offsetOf(first) + 64);
    CHECK(heap.offsetOf(third) == heap.offsetOf(first) + 128);
    allocator.release(first);
    CHECK(allocator.allocate(128) > third);  // A half is not enough.
    CHECK(allocator.allocate(64) == first);
  }

  TEST_CASE("a heap is used up to the last block, and refuses then") {
    Heap heap(8 * 1024);
    BuddyAllocator& allocator = heap.allocator;
    std::vector<void*> blocks;
    while (void* block = allocator.allocate(64)) blocks.push_back(block);
    CHECK(blocks.size() == allocator.capacityBytes() / 64);
    CHECK(allocator.usedBytes() == allocator.capacityBytes());
    CHECK(allocator.largestFreeBytes() == 0);
    allocator.release(blocks.back());
    CHECK(allocator.largestFreeBytes() == 64);
    CHECK(allocator.allocate(65) == nullptr);
    CHECK(allocator.allocate(64) == blocks.back());
    CHECK(allocator.allocate(~std::size_t{0} / 2) == nullptr);
  }

  TEST_CASE("what is too small for a heap serves nothing") {
    for (const std::size_t bytes : {0U, 1U, 63U, 64U, 65U}) {
      CAPTURE(bytes);
      Heap heap(bytes, 1);
      CHECK_FALSE(heap.adopted);
      CHECK(heap.allocator.allocate(1) == nullptr);
      CHECK(heap.allocator.largestFreeBytes() == 0);
      CHECK(heap.allocator.capacityBytes() == 0);
    }
    Heap three(3 * 64);
    CHECK(three.adopted);
    CHECK(three.allocator.capacityBytes() == 128);
  }

  TEST_CASE("taken over again it forgets what it had") {
    Heap heap(8 * 1024);
    CHECK(heap.allocator.allocate(1000) != nullptr);
    CHECK(heap.allocator.adopt(heap.memory));
    CHECK(heap.allocator.usedBytes() == 0);
    CHECK(heap.allocator.peakBytes() == 0);
  }

  TEST_CASE("no order of requests makes it fail below Robson's bound") {
    // n = 16 (1024 of 64 bytes): M blocks in use at most need M * (1 + log2(16) / 2) - 16 + 1 = 3 M - 15.
    constexpr std::size_t kMostInUse = 200;
    constexpr std::size_t kBlocks = 3 * kMostInUse - 15;
    std::mt19937 random(7);
    for (int run = 0; run < 20; ++run) {
      Heap heap((kBlocks + 2 * 1024 / 64 + 1) * 64);
      REQUIRE(heap.allocator.capacityBytes() >= kBlocks * 64);
      std::vector<std::pair<void*, std::size_t>> blocks;
      std::size_t used = 0;
      for (int step = 0; step < 3000; ++step) {
        // The adversary of the proof: small ones first, every second one kept, then larger ones.
        const std::size_t order = static_cast<std::size_t>(step) / 600;
        const std::size_t bytes =
            run % 2 == 0 ? std::size_t{64} << std::min<std::size_t>(order, 4) : std::size_t{64} << random() % 5;
        if (used + bytes / 64 <= kMostInUse) {
          void* block = heap.allocator.allocate(bytes);
          REQUIRE(block != nullptr);
          blocks.emplace_back(block, bytes);
          used += bytes / 64;
        } else {
          const std::size_t victim = random() % blocks.size();
          heap.allocator.release(blocks[victim].first);
          used -= blocks[victim].second / 64;
          blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(victim));
        }
      }
    }
  }
}
