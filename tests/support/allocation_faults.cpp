#include "support/allocation_faults.hpp"

#include <execinfo.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace holdfast::test {
namespace {

std::atomic<std::int64_t> liveCpp{0};
std::atomic<std::int64_t> totalCpp{0};

// SQLite takes its allocator only before it is first used.
[[maybe_unused]] const bool wrapped = [] {
  if (!testing::installAllocationFaults()) std::abort();
  return true;
}();

void writeTrace() noexcept {
  std::array<void*, 48> frames{};
  const int count = ::backtrace(frames.data(), static_cast<int>(frames.size()));
  ::backtrace_symbols_fd(frames.data(), count, STDERR_FILENO);
}

void* counted(void* memory) noexcept {
  if (memory == nullptr) return nullptr;
  liveCpp.fetch_add(1, std::memory_order_relaxed);
  totalCpp.fetch_add(1, std::memory_order_relaxed);
  return memory;
}

bool refused() noexcept { return testing::refusesAllocation(AllocationKind::Cpp); }

}  // namespace

void AllocationFaults::traceFirst() noexcept {
  std::array<void*, 1> warmUp{};  // The first call of all loads a library, and allocates.
  static_cast<void>(::backtrace(warmUp.data(), 1));
  callAtFirst(&writeTrace);
}

LiveAllocations LiveAllocations::now() noexcept { return {liveCpp.load(), testing::liveSqliteAllocations()}; }
TotalAllocations TotalAllocations::now() noexcept { return {totalCpp.load(), testing::totalSqliteAllocations()}; }

}  // namespace holdfast::test

// The other forms of new and delete call these; those that do not throw and those that align have to be named, or a
// sanitizer's own take their place.
void* operator new(std::size_t size, const std::nothrow_t& /*nothrow*/) noexcept {
  return holdfast::test::refused() ? nullptr : holdfast::test::counted(std::malloc(size == 0 ? 1 : size));
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  if (!holdfast::test::refused()) {
    const auto align = static_cast<std::size_t>(alignment);
    const std::size_t whole = (size + align - 1) / align * align;
    if (void* memory = holdfast::test::counted(std::aligned_alloc(align, whole))) return memory;
  }
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  if (memory != nullptr) holdfast::test::liveCpp.fetch_sub(1, std::memory_order_relaxed);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { operator delete(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { operator delete(memory); }
