#pragma once

#include <sqlite3.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <holdfast/testing/faulty_disk.hpp>

#include "testing/recorder.hpp"

namespace holdfast::testing {

inline constexpr std::size_t kRoles = 4;
inline constexpr std::size_t kActions = 8;

/// By the name of a file.
inline FileRole roleByName(std::string_view path) noexcept {
  if (path.ends_with("-wal")) return FileRole::Log;
  return path.ends_with("-journal") ? FileRole::Journal : FileRole::Database;
}

/// What a call is told before it is carried out.
struct CallVerdict {
  int code = SQLITE_OK;      ///< What it answers, where it fails.
  bool halfFirst = false;    ///< Write half of it first.
  bool flipBit = false;      ///< Carry it out, then change a bit of what was read.
  bool readOnly = false;     ///< Open for reading instead.
  std::uint64_t number = 0;  ///< Of the fault's calls.
};

/// What the one FaultyDisk of the process and the file layer that it registers share.
class DiskState {
 public:
  static DiskState& instance() noexcept;

  /// The layer below.
  sqlite3_vfs* real = nullptr;

  void fail(const IoFault& fault) noexcept;
  void heal() noexcept;
  void reset() noexcept;
  std::int64_t refused() const noexcept { return refused_; }
  std::int64_t concerned() const noexcept { return concerned_; }
  void delay(FileAction action, std::chrono::microseconds time) noexcept;

  /// Called first in each call. `creates`: it opens a file that may have to be made; `writes`: for writing.
  CallVerdict judge(FileRole role, FileAction action, bool creates = false, bool writes = true) noexcept;

  /// The errno of the thread's last call that was made to fail, or 0; then it is the real layer's.
  static int& lastErrno() noexcept;

  std::array<std::atomic<std::int64_t>, kRoles> syncs{};
  std::atomic<std::int64_t> openFiles{0};
  std::atomic<bool> exists{false};

  /// A call that changes a file is carried out and recorded under this lock, so that the record is in order.
  std::mutex order;
  Recorder recorder;

 private:
  std::mutex mutex_;
  std::atomic<bool> armed_{false};
  IoFault fault_;
  std::atomic<std::int64_t> refused_{0};
  std::atomic<std::int64_t> concerned_{0};
  std::array<std::atomic<std::int64_t>, kActions> delays_{};  // In microseconds.
};

/// Whether the failure can happen to such a call.
bool concerns(Failure failure, FileAction action, bool creates, bool writes) noexcept;

/// What random numbers follow from; 0: the real layer's.
std::atomic<std::uint64_t>& randomSeed() noexcept;

/// The file layer to register, and what makes it wrap DiskState::real; not while it is registered.
sqlite3_vfs& faultyVfs() noexcept;
void prepareFaultyVfs() noexcept;

}  // namespace holdfast::testing
