#include "support/counted_allocations.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::int64_t> live{0};
std::atomic<std::int64_t> total{0};

}  // namespace

namespace holdfast::test {

std::int64_t liveAllocations() noexcept { return live.load(); }

std::int64_t totalAllocations() noexcept { return total.load(); }

}  // namespace holdfast::test

// The other forms of new and delete call these; the one that does not throw has to be named, or a sanitizer's own takes
// its place.
void* operator new(std::size_t size, const std::nothrow_t& /*nothrow*/) noexcept {
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) return nullptr;
  live.fetch_add(1, std::memory_order_relaxed);
  total.fetch_add(1, std::memory_order_relaxed);
  return memory;
}
void* operator new(std::size_t size) {
  void* memory = operator new(size, std::nothrow);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept {
  if (memory != nullptr) live.fetch_sub(1, std::memory_order_relaxed);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
