#include "connection/sqlite_library.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <sqlite3.h>

#include <holdfast/error.hpp>
#include <holdfast/units.hpp>

#include "connection/heap_wall.hpp"
#include "connection/memory_arena.hpp"
#include "core/port/mutex.hpp"

namespace holdfast {

namespace {

struct OptionNote {
  const char* option;
  bool present;  ///< The note is for builds that have it, or that do not.
  const char* note;
};
constexpr OptionNote kOptionNotes[] = {
    {"SECURE_DELETE", true, "SECURE_DELETE: what is deleted is written over, which costs writes of the flash"},
    {"OMIT_LOOKASIDE", true, "OMIT_LOOKASIDE: each small allocation is one of the heap"},
    {"ENABLE_MEMORY_MANAGEMENT", false,
     "without ENABLE_MEMORY_MANAGEMENT page caches give memory back handle by handle, never by themselves"},
    {"ENABLE_DBPAGE_VTAB", false,
     "without ENABLE_DBPAGE_VTAB the shell's .recover does not work: damaged files are salvaged table by table"},
    {"ENABLE_FTS3_TOKENIZER", true, "ENABLE_FTS3_TOKENIZER: SQL could set a function pointer; switched off here"},
    {"ENABLE_LOAD_EXTENSION", true, "ENABLE_LOAD_EXTENSION: SQL could load code; switched off here"},
    {"USE_URI", true, "USE_URI: names that begin with file: carry options; names are made absolute here"},
};

SqliteLibrary findOut() {
  SqliteLibrary library{sqlite3_libversion(), sqlite3_sourceid(), hasWalResetBug(sqlite3_libversion_number())};
  for (int i = 0; const char* option = sqlite3_compileoption_get(i); ++i) library.compileOptions.emplace_back(option);
  if (library.walResetBug) {
    library.notes.push_back("SQLite " + library.version +
                            " can lose commits where a checkpoint meets a write of another process; 3.51.3, 3.50.7 and "
                            "3.44.6 cannot. One process is safe");
  }
  for (const OptionNote& note : kOptionNotes) {
    if ((sqlite3_compileoption_used(note.option) != 0) == note.present) library.notes.emplace_back(note.note);
  }
  return library;
}

}  // namespace

const SqliteLibrary& sqliteLibrary() {
  static const SqliteLibrary library = findOut();
  return library;
}

bool hasWalResetBug(int versionNumber) noexcept {
  if (versionNumber < 3007000 || versionNumber >= 3051003) return false;
  const bool fixed344 = versionNumber >= 3044006 && versionNumber < 3045000;
  const bool fixed350 = versionNumber >= 3050007 && versionNumber < 3051000;
  return !fixed344 && !fixed350;
}

void configureSqlite(std::int64_t sortBytes) noexcept {
  constexpr std::int64_t kPageBytes = 4 * KiB;
  sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
  sqlite3_config(SQLITE_CONFIG_PMASZ, static_cast<unsigned>(sortBytes / kPageBytes));
}

void startSqlite(std::int64_t sortBytes) noexcept {
  static constinit port::Mutex mutex;
  static constinit bool started = false;
  const port::LockGuard guard(mutex);
  if (std::exchange(started, true)) return;  // SQLite would log settings that come late.
  configureSqlite(sortBytes);
  sqlite_memory::installHeapWall();
  sqlite3_initialize();  // Where it fails so does the first handle, which says why.
}

void requireUsableSqlite() {
  if (kHasThreads && sqlite3_threadsafe() == 0) {
    throw Error(ErrorCode::Unsupported, "the linked SQLite was built with SQLITE_THREADSAFE=0; link one with 1 or 2");
  }
  if (sqlite3_libversion_number() < 3038000) {
    throw Error(ErrorCode::Unsupported,
                std::string("the linked SQLite is ") + sqlite3_libversion() + "; 3.38.0 or later is needed");
  }
}

void useTemporaryDirectoryBeside(const std::string& databasePath) {
  static port::Mutex& mutex = *new port::Mutex;
  const port::LockGuard guard(mutex);
  if (sqlite3_temp_directory != nullptr || std::getenv("SQLITE_TMPDIR") != nullptr) return;
  const std::string directory = databasePath.substr(0, databasePath.rfind('/'));
  sqlite3_temp_directory = sqlite3_mprintf("%s", directory.empty() ? "/" : directory.c_str());
}

namespace sqlite_memory {

std::int64_t usedBytes() noexcept { return sqlite3_memory_used() + pageBytesSetAside(); }

std::int64_t peakBytes() noexcept { return sqlite3_memory_highwater(0); }

SqliteHeap heap() noexcept {
  struct Figure {
    explicit Figure(int what) noexcept { sqlite3_status64(what, &now, &most, 0); }
    sqlite3_int64 now = 0;
    sqlite3_int64 most = 0;
  };
  const Figure used(SQLITE_STATUS_MEMORY_USED);
  SqliteHeap heap;
  heap.usedBytes = used.now;
  heap.peakBytes = used.most;
  heap.allocations = Figure(SQLITE_STATUS_MALLOC_COUNT).now;
  heap.largestAllocationBytes = Figure(SQLITE_STATUS_MALLOC_SIZE).most;
  const Limits now = limits();
  heap.softLimitBytes = now.softBytes;
  heap.hardLimitBytes = now.hardBytes;
  return heap;
}

Limits limits() noexcept {
  return {.softBytes = sqlite3_soft_heap_limit64(-1), .hardBytes = sqlite3_hard_heap_limit64(-1)};
}

void setLimits(const Limits& wanted) noexcept {
  Limits limits = wanted;
  if (const std::int64_t heap = arenaHeapBytes(); heap > 0) {
    // SQLite counts its heap alone, without the places for pages. From the soft limit on sorts go to files.
    limits.hardBytes = std::min(wanted.hardBytes, heap);
    limits.softBytes = std::min(wanted.softBytes, heap / 4 * 3);
  }
  // The hard limit caps the soft one, so it is lifted first.
  sqlite3_hard_heap_limit64(0);
  sqlite3_soft_heap_limit64(limits.softBytes);
  sqlite3_hard_heap_limit64(limits.hardBytes);
  setHeapWall({limits.hardBytes, limits.reserveBytes, limits.beside});
}

}  // namespace sqlite_memory
}  // namespace holdfast
