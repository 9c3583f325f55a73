#include "support/failing_allocation.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace holdfast::test {
namespace {

constexpr int kUnlimited = -1;
thread_local int allowedAllocations = kUnlimited;
thread_local bool failed = false;

bool refused() noexcept {
  if (allowedAllocations == kUnlimited) return false;
  if (allowedAllocations == 0) {
    failed = true;
    return true;
  }
  --allowedAllocations;
  return false;
}

}  // namespace

FailingAllocation::FailingAllocation(int allowed) noexcept {
  allowedAllocations = allowed;
  failed = false;
}
FailingAllocation::~FailingAllocation() { allowedAllocations = kUnlimited; }
bool FailingAllocation::hasFailed() noexcept { return failed; }

}  // namespace holdfast::test

// The other forms of new and delete call these; the one that does not throw has to be named, or a sanitizer's own takes
// its place.
void* operator new(std::size_t size, const std::nothrow_t& /*nothrow*/) noexcept {
  return holdfast::test::refused() ? nullptr : std::malloc(size);
}
void* operator new(std::size_t size) {
  if (!holdfast::test::refused()) {
    if (void* memory = std::malloc(size)) return memory;
  }
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
