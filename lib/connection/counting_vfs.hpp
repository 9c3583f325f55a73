#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <holdfast/flash_report.hpp>

namespace holdfast {

/// SQLite's default file layer as it is now, with what it writes and syncs counted, and with the checksums of databases
/// that have them written and compared (PageChecks). Only what reads, writes and syncs, and opening, takes another way; all
/// other calls go to the layer below directly. Registered under a name of its own for as long as it
/// lives, which must be as long as any file is open.
class CountingVfs {
 public:
  /// `careful`: SQLite is told that a power cut may ruin what lies beside a write, within the sector. (Its own switch for
  /// that, SQLITE_FCNTL_POWERSAFE_OVERWRITE, comes too late: the file's traits are asked for while it is opened.)
  /// Throws Error{MemoryLimit}.
  static std::shared_ptr<CountingVfs> make(bool careful = false);
  explicit CountingVfs(bool careful);
  CountingVfs(const CountingVfs&) = delete;
  CountingVfs& operator=(const CountingVfs&) = delete;
  ~CountingVfs();

  const char* name() const noexcept { return name_.data(); }
  /// Since it was made. Any thread.
  FlashFiles writes() const noexcept;
  /// The system's error of the last write or sync that failed since it was asked last; 0: none. SQLite does not tell it
  /// where a COMMIT fails.
  int takeError() noexcept { return error_.exchange(0, std::memory_order_relaxed); }
  /// What is written beside SQLite.
  void addOther(std::uint64_t bytes, std::uint64_t syncs) noexcept;

  /// By kind of file: database, log, journal, other.
  struct Counts {
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> syncs{0};
  };

 private:
  struct Layer;
  std::array<Counts, 4> counts_;
  std::atomic<int> error_{0};
  std::array<char, 32> name_{};
  std::unique_ptr<Layer> layer_;
};

}  // namespace holdfast
