// From reset to main() on a Cortex-M, and what the C library asks of the board: memory and time. The console, the files and
// the end of the program are the debugger's (semihosting), by the C library's own functions.

#include <errno.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "board.hpp"

extern "C" {

// The linker script's.
extern std::byte boardDataBegin[], boardDataEnd[], boardDataImage[];
extern std::byte boardBssBegin[], boardBssEnd[], boardHeapBegin[], boardStackBegin[], boardStackEnd[];
// The C library's.
void initialise_monitor_handles(void);
void __libc_init_array(void);

int main(int argc, char** argv);
[[noreturn]] void startBoard(void);

// Files that come with a compiler's own start-up code define these.
void _init(void) {}
void _fini(void) {}
void* __dso_handle = nullptr;
}

namespace {

constexpr std::byte kPaint{0xA5};

// --- Time: SysTick, once a millisecond -----------------------------------------------------------------------------

volatile std::uint32_t milliseconds = 0;
volatile std::uint32_t wraps = 0;

constexpr std::uint32_t kCyclesPerMillisecond = 25'000;  // The boards' processors run at 25 MHz.

volatile std::uint32_t& systemRegister(std::uintptr_t address) {
  return *reinterpret_cast<volatile std::uint32_t*>(address);
}

void startClock() {
  systemRegister(0xE000E014) = kCyclesPerMillisecond - 1;  // Reload.
  systemRegister(0xE000E018) = 0;                          // Current.
  systemRegister(0xE000E010) = 7;                          // The processor's clock, with an interrupt, on.
}

extern "C" void onSysTick() {
  const std::uint32_t next = milliseconds + 1;
  if (next == 0) wraps = wraps + 1;
  milliseconds = next;
}

std::uint64_t millisecondsSinceStart() {
  std::uint32_t high = 0;
  std::uint32_t low = 0;
  do {
    high = wraps;
    low = milliseconds;
  } while (high != wraps || low != milliseconds);
  return (std::uint64_t{high} << 32) | low;
}

// --- Arguments and the end: semihosting ----------------------------------------------------------------------------

std::uint32_t askDebugger(std::uint32_t operation, const void* block) {
  register std::uint32_t r0 __asm__("r0") = operation;
  register const void* r1 __asm__("r1") = block;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

[[noreturn]] void endProgram(std::uint32_t code) {
  constexpr std::uint32_t kExitExtended = 0x20;
  constexpr std::uint32_t kApplicationExit = 0x20026;
  const std::array<std::uint32_t, 2> block{kApplicationExit, code};
  askDebugger(kExitExtended, block.data());
  while (true) {
  }
}

extern "C" void onFault() {
  constexpr std::uint32_t kWriteText = 0x04;
  askDebugger(kWriteText, "the processor met a fault\n");
  endProgram(139);
}

/// "program argument argument", as the emulator was given it.
int runMain() {
  constexpr std::uint32_t kGetCommandLine = 0x15;
  static std::array<char, 1024> line{};
  static std::array<char*, 32> arguments{};
  struct {
    char* text;
    std::uint32_t bytes;
  } block{line.data(), line.size() - 1};
  askDebugger(kGetCommandLine, &block);
  int count = 0;
  for (char* word = std::strtok(line.data(), " "); word != nullptr; word = std::strtok(nullptr, " ")) {
    if (count < static_cast<int>(arguments.size()) - 1) arguments[static_cast<std::size_t>(count++)] = word;
  }
  return main(count, arguments.data());
}

// --- Memory ----------------------------------------------------------------------------------------------------------

std::byte* heapEnd = boardHeapBegin;

/// Nothing of C++ has run yet, and the stack below this function is not in use.
void paintStack() {
  auto* const here = static_cast<std::byte*>(__builtin_frame_address(0));
  for (volatile std::byte* at = boardStackBegin; at < here - 64; ++at) *at = kPaint;
}

void enableFloatingPoint() {
#if defined(__ARM_FP)
  systemRegister(0xE000ED88) |= 0xFU << 20;  // Coprocessors 10 and 11.
  __asm__ volatile("dsb\n isb" ::: "memory");
#endif
}

using Handler = void (*)();

struct Vectors {
  void* stack;
  std::array<Handler, 15> handlers;
};

[[gnu::section(".vectors"), gnu::used]] const Vectors kVectors{
    boardStackEnd,
    {&startBoard, &onFault, &onFault, &onFault, &onFault, &onFault, nullptr, nullptr, nullptr, nullptr, &onFault,
     &onFault, nullptr, &onFault, &onSysTick}};

}  // namespace

extern "C" {

void startBoard(void) {
  enableFloatingPoint();
  std::memcpy(boardDataBegin, boardDataImage, static_cast<std::size_t>(boardDataEnd - boardDataBegin));
  std::memset(boardBssBegin, 0, static_cast<std::size_t>(boardBssEnd - boardBssBegin));
  paintStack();
  startClock();
  initialise_monitor_handles();
  __libc_init_array();
  std::exit(runMain());
}

void _exit(int code) { endProgram(static_cast<std::uint32_t>(code)); }

// In place of the C library's, whose clock counts seconds. This is what std::chrono::steady_clock asks here.
int gettimeofday(struct timeval* time, void*) {
  const std::uint64_t now = millisecondsSinceStart();
  time->tv_sec = static_cast<time_t>(now / 1000);
  time->tv_usec = static_cast<suseconds_t>(now % 1000 * 1000);
  return 0;
}

void* _sbrk(std::ptrdiff_t bytes) {
  if (bytes > boardStackBegin - heapEnd) {
    errno = ENOMEM;
    return reinterpret_cast<void*>(-1);
  }
  std::byte* const begin = heapEnd;
  heapEnd += bytes;
  return begin;
}
}

namespace board {

std::size_t stackBytes() noexcept { return static_cast<std::size_t>(boardStackEnd - boardStackBegin); }

std::size_t stackHighWater() noexcept {
  const std::byte* const lowest = std::find_if(boardStackBegin, boardStackEnd, [](std::byte b) { return b != kPaint; });
  return static_cast<std::size_t>(boardStackEnd - lowest);
}

std::size_t heapHighWater() noexcept { return static_cast<std::size_t>(heapEnd - boardHeapBegin); }

}  // namespace board
