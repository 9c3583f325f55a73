// Atomics of 64 bits for processors that have none (Cortex-M), where the compiler calls these functions and brings no
// library with them. For as long as one takes nothing interrupts it. Weak, so that a program's own libatomic goes first.

#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'

#include <cstdint>

namespace {

/// The compiler knows the functions by these names and would check a declaration against its own.
#define HOLDFAST_ATOMIC(name) __asm__("__atomic_" #name "_8") __attribute__((weak, used))

class Uninterrupted {
 public:
  Uninterrupted() noexcept {
    __asm__ volatile("mrs %0, primask" : "=r"(before_));
    __asm__ volatile("cpsid i" ::: "memory");
  }
  Uninterrupted(const Uninterrupted&) = delete;
  Uninterrupted& operator=(const Uninterrupted&) = delete;
  ~Uninterrupted() { __asm__ volatile("msr primask, %0" ::"r"(before_) : "memory"); }

 private:
  std::uint32_t before_ = 0;
};

template <typename Change>
std::uint64_t replace(volatile void* at, Change change) noexcept {
  auto* const value = static_cast<volatile std::uint64_t*>(at);
  const Uninterrupted alone;
  const std::uint64_t before = *value;
  *value = change(before);
  return before;
}

}  // namespace

extern "C" {

std::uint64_t holdfastLoad(const volatile void* at, int) HOLDFAST_ATOMIC(load);
std::uint64_t holdfastLoad(const volatile void* at, int) {
  const Uninterrupted alone;
  return *static_cast<const volatile std::uint64_t*>(at);
}

void holdfastStore(volatile void* at, std::uint64_t value, int) HOLDFAST_ATOMIC(store);
void holdfastStore(volatile void* at, std::uint64_t value, int) {
  replace(at, [value](std::uint64_t) { return value; });
}

std::uint64_t holdfastExchange(volatile void* at, std::uint64_t value, int) HOLDFAST_ATOMIC(exchange);
std::uint64_t holdfastExchange(volatile void* at, std::uint64_t value, int) {
  return replace(at, [value](std::uint64_t) { return value; });
}

std::uint64_t holdfastFetchAdd(volatile void* at, std::uint64_t value, int) HOLDFAST_ATOMIC(fetch_add);
std::uint64_t holdfastFetchAdd(volatile void* at, std::uint64_t value, int) {
  return replace(at, [value](std::uint64_t before) { return before + value; });
}

std::uint64_t holdfastFetchSub(volatile void* at, std::uint64_t value, int) HOLDFAST_ATOMIC(fetch_sub);
std::uint64_t holdfastFetchSub(volatile void* at, std::uint64_t value, int) {
  return replace(at, [value](std::uint64_t before) { return before - value; });
}

std::uint64_t holdfastFetchOr(volatile void* at, std::uint64_t value, int) HOLDFAST_ATOMIC(fetch_or);
std::uint64_t holdfastFetchOr(volatile void* at, std::uint64_t value, int) {
  return replace(at, [value](std::uint64_t before) { return before | value; });
}

std::uint64_t holdfastFetchAnd(volatile void* at, std::uint64_t value, int) HOLDFAST_ATOMIC(fetch_and);
std::uint64_t holdfastFetchAnd(volatile void* at, std::uint64_t value, int) {
  return replace(at, [value](std::uint64_t before) { return before & value; });
}

std::uint64_t holdfastFetchXor(volatile void* at, std::uint64_t value, int) HOLDFAST_ATOMIC(fetch_xor);
std::uint64_t holdfastFetchXor(volatile void* at, std::uint64_t value, int) {
  return replace(at, [value](std::uint64_t before) { return before ^ value; });
}

bool holdfastCompareExchange(volatile void* at, void* expected, std::uint64_t value, bool, int, int)
    HOLDFAST_ATOMIC(compare_exchange);
bool holdfastCompareExchange(volatile void* at, void* expected, std::uint64_t value, bool, int, int) {
  auto* const wanted = static_cast<std::uint64_t*>(expected);
  const std::uint64_t before =
      replace(at, [value, wanted](std::uint64_t found) { return found == *wanted ? value : found; });
  if (before == *wanted) return true;
  *wanted = before;
  return false;
}

}  // extern "C"

#endif
