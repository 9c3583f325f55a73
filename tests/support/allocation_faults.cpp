#include "support/allocation_faults.hpp"

#include <execinfo.h>
#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace holdfast::test {
namespace {

struct Counters {
  std::atomic<std::int64_t> live{0};
  std::atomic<std::int64_t> total{0};
};

constexpr std::int64_t kUnlimited = -1;

Counters cppCounters;
Counters sqliteCounters;
std::atomic<std::int64_t> allowedLeft{kUnlimited};
std::atomic<AllocationKind> wantedKind{AllocationKind::Any};
std::atomic<FaultMode> wantedMode{FaultMode::Once};
std::atomic<bool> happened{false};
std::atomic<bool> trace{false};
sqlite3_mem_methods real;

void writeTrace() noexcept {
  std::array<void*, 48> frames{};
  const int count = ::backtrace(frames.data(), static_cast<int>(frames.size()));
  ::backtrace_symbols_fd(frames.data(), count, STDERR_FILENO);
}

// One count for the kinds that take part: the n-th allocation is the same one whoever asks for it.
bool refused(AllocationKind kind) noexcept {
  std::int64_t left = allowedLeft.load(std::memory_order_relaxed);
  if (left == kUnlimited) return false;
  const AllocationKind wanted = wantedKind.load(std::memory_order_relaxed);
  if (wanted != AllocationKind::Any && wanted != kind) return false;
  while (left > 0) {
    if (allowedLeft.compare_exchange_weak(left, left - 1)) return false;
  }
  if (left == kUnlimited) return false;
  if (wantedMode.load(std::memory_order_relaxed) == FaultMode::Once && !allowedLeft.compare_exchange_strong(left, -1)) {
    return false;
  }
  happened.store(true);
  if (trace.exchange(false)) writeTrace();
  return true;
}

void* counted(Counters& counters, void* memory) noexcept {
  if (memory == nullptr) return nullptr;
  counters.live.fetch_add(1, std::memory_order_relaxed);
  counters.total.fetch_add(1, std::memory_order_relaxed);
  return memory;
}

void* sqliteMalloc(int bytes) {
  return refused(AllocationKind::Sqlite) ? nullptr : counted(sqliteCounters, real.xMalloc(bytes));
}
void sqliteFree(void* memory) {
  if (memory != nullptr) sqliteCounters.live.fetch_sub(1, std::memory_order_relaxed);
  real.xFree(memory);
}
void* sqliteRealloc(void* memory, int bytes) {
  if (refused(AllocationKind::Sqlite)) return nullptr;
  sqliteCounters.total.fetch_add(1, std::memory_order_relaxed);
  return real.xRealloc(memory, bytes);
}

// Static: SQLite takes its allocator only before it is first used.
const bool wrapped = [] {
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real) != SQLITE_OK) std::abort();
  sqlite3_mem_methods methods = real;
  methods.xMalloc = &sqliteMalloc;
  methods.xFree = &sqliteFree;
  methods.xRealloc = &sqliteRealloc;
  if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK) std::abort();
  return true;
}();

}  // namespace

std::string_view toText(AllocationKind kind) noexcept {
  switch (kind) {
    case AllocationKind::Any: return "any";
    case AllocationKind::Cpp: return "cpp";
    case AllocationKind::Sqlite: break;
  }
  return "sqlite";
}

std::string_view toText(FaultMode mode) noexcept { return mode == FaultMode::Once ? "once" : "onward"; }

AllocationFaults::AllocationFaults(AllocationKind kind, FaultMode mode, std::int64_t allowed) noexcept {
  happened.store(!wrapped);
  wantedKind.store(kind);
  wantedMode.store(mode);
  allowedLeft.store(allowed);
}
AllocationFaults::~AllocationFaults() { allowedLeft.store(kUnlimited); }
bool AllocationFaults::haveHappened() noexcept { return happened.load(); }
void AllocationFaults::traceFirst() noexcept {
  std::array<void*, 1> warmUp{};  // The first call of all loads a library, and allocates.
  static_cast<void>(::backtrace(warmUp.data(), 1));
  trace.store(true);
}

LiveAllocations LiveAllocations::now() noexcept { return {cppCounters.live.load(), sqliteCounters.live.load()}; }
TotalAllocations TotalAllocations::now() noexcept { return {cppCounters.total.load(), sqliteCounters.total.load()}; }

}  // namespace holdfast::test

using holdfast::test::AllocationKind;

// The other forms of new and delete call these; those that do not throw and those that align have to be named, or a
// sanitizer's own take their place.
void* operator new(std::size_t size, const std::nothrow_t& /*nothrow*/) noexcept {
  if (holdfast::test::refused(AllocationKind::Cpp)) return nullptr;
  return holdfast::test::counted(holdfast::test::cppCounters, std::malloc(size == 0 ? 1 : size));
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  if (!holdfast::test::refused(AllocationKind::Cpp)) {
    const auto align = static_cast<std::size_t>(alignment);
    const std::size_t whole = (size + align - 1) / align * align;
    if (void* memory = holdfast::test::counted(holdfast::test::cppCounters, std::aligned_alloc(align, whole)))
      return memory;
  }
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  if (memory != nullptr) holdfast::test::cppCounters.live.fetch_sub(1, std::memory_order_relaxed);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { operator delete(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { operator delete(memory); }
