#include <holdfast/testing/allocation_faults.hpp>

#include <sqlite3.h>

#include <atomic>

namespace holdfast::testing {
namespace {

constexpr std::int64_t kUnlimited = -1;

std::atomic<std::int64_t> live{0};
std::atomic<std::int64_t> total{0};
std::atomic<std::int64_t> allowedLeft{kUnlimited};
std::atomic<AllocationKind> wantedKind{AllocationKind::Any};
std::atomic<FaultMode> wantedMode{FaultMode::Once};
std::atomic<bool> happened{false};
std::atomic<bool> installed{false};
std::atomic<void (*)() noexcept> atFirst{nullptr};
sqlite3_mem_methods real;

void* sqliteMalloc(int bytes) {
  if (refusesAllocation(AllocationKind::Sqlite)) return nullptr;
  void* memory = real.xMalloc(bytes);
  if (memory == nullptr) return nullptr;
  live.fetch_add(1, std::memory_order_relaxed);
  total.fetch_add(1, std::memory_order_relaxed);
  return memory;
}

void sqliteFree(void* memory) {
  if (memory != nullptr) live.fetch_sub(1, std::memory_order_relaxed);
  real.xFree(memory);
}

void* sqliteRealloc(void* memory, int bytes) {
  if (refusesAllocation(AllocationKind::Sqlite)) return nullptr;
  total.fetch_add(1, std::memory_order_relaxed);
  return real.xRealloc(memory, bytes);
}

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

bool installAllocationFaults() noexcept {
  if (installed) return true;
  if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real) != SQLITE_OK) return false;
  sqlite3_mem_methods methods = real;
  methods.xMalloc = &sqliteMalloc;
  methods.xFree = &sqliteFree;
  methods.xRealloc = &sqliteRealloc;
  if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK) return false;
  installed = true;
  return true;
}

bool allocationFaultsInstalled() noexcept { return installed; }

// One count for the kinds that take part: the n-th allocation is the same one whoever asks for it.
bool refusesAllocation(AllocationKind kind) noexcept {
  std::int64_t left = allowedLeft.load(std::memory_order_relaxed);
  if (left == kUnlimited) return false;
  const AllocationKind wanted = wantedKind.load(std::memory_order_relaxed);
  if (wanted != AllocationKind::Any && wanted != kind) return false;
  while (left > 0) {
    if (allowedLeft.compare_exchange_weak(left, left - 1)) return false;
  }
  if (left == kUnlimited) return false;
  if (wantedMode.load(std::memory_order_relaxed) == FaultMode::Once &&
      !allowedLeft.compare_exchange_strong(left, kUnlimited)) {
    return false;
  }
  happened.store(true);
  if (void (*const function)() noexcept = atFirst.exchange(nullptr)) function();
  return true;
}

AllocationFaults::AllocationFaults(AllocationKind kind, FaultMode mode, std::int64_t allowed) noexcept {
  happened.store(!installed);
  wantedKind.store(kind);
  wantedMode.store(mode);
  allowedLeft.store(allowed);
}
AllocationFaults::~AllocationFaults() { stop(); }
void AllocationFaults::stop() noexcept { allowedLeft.store(kUnlimited); }
bool AllocationFaults::haveHappened() noexcept { return happened.load(); }
void AllocationFaults::callAtFirst(void (*function)() noexcept) noexcept { atFirst.store(function); }

std::int64_t liveSqliteAllocations() noexcept { return live; }
std::int64_t totalSqliteAllocations() noexcept { return total; }

}  // namespace holdfast::testing
