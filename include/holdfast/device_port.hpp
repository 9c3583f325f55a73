#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <holdfast/clock.hpp>

namespace holdfast {

// What a device without an operating system gives to the library: files, random numbers, time to sleep, a place for log
// lines. Built with HOLDFAST_PORT=device the library asks for these and for nothing else of a system. The steady clock
// is the C++ library's own: on bare metal supply the function that it asks (_gettimeofday() with newlib), from a counter
// that never goes back.
//
// Nothing here is called from an interrupt or from two threads at a time, and nothing may throw.
// tests/firmware/device_contract_test.cpp holds an implementation to what is said here.

/// How an operation on the device's files ended.
enum class DeviceResult : std::uint8_t {
  Ok,
  Missing,   ///< There is no such file.
  Full,      ///< The medium has no room, or no more files can be made. Nothing was stored.
  ReadOnly,  ///< The medium or the file cannot be written.
  NoMemory,
  Failed,  ///< The medium failed. What the call should have stored may be there, not there, or torn.
};

/// An open file: a sequence of bytes. Only what sync() has confirmed is certain to be there after a power cut.
class DeviceFile {
 public:
  DeviceFile() = default;
  DeviceFile(const DeviceFile&) = delete;
  DeviceFile& operator=(const DeviceFile&) = delete;

  /// Reads into the whole of `bytes` from `offset`. Past the end of the file there is nothing to read: `count` says how
  /// many bytes were there.
  virtual DeviceResult read(std::int64_t offset, std::span<std::byte> bytes, std::size_t& count) noexcept = 0;
  /// Writes all of `bytes`. Writing past the end makes the file longer; what lies between reads as zeros.
  virtual DeviceResult write(std::int64_t offset, std::span<const std::byte> bytes) noexcept = 0;
  /// Makes the file `bytes` long and really gives up the rest: a journal that stays is carried out as one.
  virtual DeviceResult truncate(std::int64_t bytes) noexcept = 0;
  /// Returns once all that was written to the file, its length and its being there are on the medium. Whatever is
  /// written later comes after it.
  virtual DeviceResult sync() noexcept = 0;
  virtual DeviceResult size(std::int64_t& bytes) noexcept = 0;
  /// The object is not used any more. Does not sync.
  virtual void close() noexcept = 0;

 protected:
  ~DeviceFile() = default;
};

/// What the medium promises. The defaults promise nothing: SQLite takes more care then, and writes more.
struct DeviceTraits {
  /// A power cut during a write leaves what lies outside of the sectors that are written as it was. 512 to 65536, a
  /// power of two; for flash the size of what is erased at once.
  int sectorBytes = 512;
  /// A power cut during a write leaves the bytes beside those that are written as they were, within the sector, too.
  bool powersafeOverwrite = false;
  /// A file is never longer than what was written to it, also after a power cut. Counts only where randomBytes() has given
  /// some: the journal is synced once less for a commit then, and random numbers alone tell its records from older ones.
  bool safeAppend = false;
  /// Writes reach the medium in the order in which they were made.
  bool sequential = false;
};

/// The device. Names of files are as the application gives them, with "-journal" behind for a database's journal; the
/// device may know directories or not. At most a database, its journal and a few temporary files are open at a time,
/// each once; a database and its journal twice only where the application opens the database once more with SQLite. It
/// has to use PRAGMA journal_mode=PERSIST there, too: a journal that is open is not deleted.
class DevicePort {
 public:
  virtual ~DevicePort() = default;

  /// Opens a file for reading and writing; `create`: an empty one where it is missing. Null, and why in `result`, where
  /// it cannot be opened. The device owns the object, and keeps it until close().
  virtual DeviceFile* open(const char* name, bool create, DeviceResult& result) noexcept = 0;
  /// Deletes a file that is not open. Once it returns Ok the file does not come back, not after a power cut either.
  virtual DeviceResult remove(const char* name) noexcept = 0;
  /// Ok or Missing, or why it cannot be known.
  virtual DeviceResult find(const char* name) noexcept = 0;
  virtual DeviceTraits traits() const noexcept { return {}; }

  /// Fills `bytes` from a source that nobody can guess, and that does not begin anew with the same after a reset. False
  /// where there is none: identifiers are refused then, and safeAppend does not count.
  virtual bool randomBytes(std::span<std::byte> bytes) noexcept = 0;
  /// Returns after so much time: the place to sleep until an interrupt and to feed a watchdog.
  virtual void sleep(std::chrono::nanoseconds duration) noexcept = 0;
  /// The time of day, for SQL's date functions alone. Nothing is decided by it.
  virtual Timestamp timeOfDay() noexcept { return {}; }
  /// A line of the log.
  virtual void log(std::string_view text) noexcept = 0;
};

/// Gives the library its device, which must live as long as the program. Before configureMemory() and before anything
/// of SQLite's is used; later it may be replaced only while no database is open.
void setDevicePort(DevicePort& device) noexcept;

}  // namespace holdfast
