#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sqlite3.h>

#include "core/port/mutex.hpp"

namespace holdfast {

/// Some of a database's tables, one bit each. Tables beyond the 63rd share the last bit.
using TableSet = std::uint64_t;
inline constexpr TableSet kAllTables = ~TableSet{0};

/// Which tables of a database have changed, whoever changed them: for what is kept of its content outside of SQLite.
///
/// Each table has a version. A COMMIT of this process makes the versions of the tables that it wrote odd before it
/// takes effect and even afterwards. A COMMIT of anybody else shows in the counter that the write-ahead log's index
/// holds in shared memory, iChange in its header (sqlite.org/walformat.html, "The WAL-Index Header"), which every
/// COMMIT moves on by one: where it is not what this process's own ones add up to, all tables count as changed. It is
/// what `PRAGMA data_version` reports, at the price of reading a word of memory. Of the header's two copies the second
/// is looked at, which is written first: nobody sees a commit before it has shown there.
///
/// The number of frames in the log is looked at as well: where a process dies in the middle of a COMMIT, the next one
/// makes the index anew from the log, with a counter of zero.
///
/// The memory belongs to the write handle. It is read by the owner of that handle, and by others between gates only:
/// before the handle closes, detach() has everybody pass their gate.
///
/// Lock order: gates, what a gate locks (a cache), foreign; the listener's locks last.
class ChangeLog {
 public:
  /// Where others read versions; pass() blocks until nobody does.
  class Gate {
   public:
    virtual void pass() noexcept = 0;

   protected:
    ~Gate() = default;
  };
  /// Learns which tables may have changed, after the change can be seen. On the thread that committed, or that noticed
  /// somebody else's change; must not block.
  class Listener {
   public:
    virtual void tablesChanged(TableSet tables) noexcept = 0;

   protected:
    ~Listener() = default;
  };

  explicit ChangeLog(Listener& listener) noexcept : listener_(listener) {}

  /// What it takes with the names of the tables.
  std::int64_t bytes() const;
  /// The table's bit. Blocks for other callers only. Throws std::bad_alloc.
  TableSet bitOf(std::string_view table);

  // --- By the owner of the write handle --------------------------------------------------------------------------
  /// From here on it is this handle. Everything counts as changed. Where it has no such counter no version is ever
  /// known.
  void attach(sqlite3* writer, bool usesLog) noexcept;
  /// The handle is about to be closed. Returns when nobody reads its memory any more.
  void detach(sqlite3* writer) noexcept;
  /// A COMMIT is about to take effect.
  void beginCommit(TableSet tables) noexcept;
  /// It is over, and wrote to the log so many times; the log has so many frames since.
  void endCommit(TableSet tables, std::uint32_t logged, std::uint32_t frames) noexcept;

  // --- By the owner of the write handle, or between gates --------------------------------------------------------
  /// A number that changes with each change of one of the tables. Nothing while one is being changed, and where that
  /// is not known.
  std::optional<std::uint64_t> version(TableSet tables) const noexcept {
    // The versions are read before and after the counter: a change that was counted in between shows in them.
    const std::uint32_t* memory = header_.load(std::memory_order_acquire);
    if ((tables & (tables - 1)) == 0 && tables != 0) {
      const std::atomic<std::uint64_t>& version = versions_[static_cast<std::size_t>(std::countr_zero(tables))];
      const std::uint64_t before = version.load(std::memory_order_acquire);
      const std::uint64_t epoch = epoch_.load(std::memory_order_acquire);
      if (before % 2 != 0 || memory == nullptr || !isCurrent(memory)) return std::nullopt;
      if (version.load(std::memory_order_acquire) != before || epoch_.load(std::memory_order_acquire) != epoch) {
        return std::nullopt;
      }
      return before + epoch;
    }
    const Sum before = sumOf(tables);
    if (before.changing || memory == nullptr || !isCurrent(memory)) return std::nullopt;
    if (sumOf(tables).value != before.value) return std::nullopt;
    return before.value;
  }
  /// Where somebody else has committed, everything counts as changed.
  void lookForForeignCommits() noexcept;
  /// Another number where that has found commits that are not this process's; a log begun anew is none. 0: that is not
  /// known here.
  std::uint64_t foreignCommits() const noexcept {
    if (header_.load(std::memory_order_acquire) == nullptr) return 0;
    return std::uint64_t{1} + foreign_.load(std::memory_order_acquire);
  }

  void add(Gate& gate);
  void remove(Gate& gate) noexcept;

 private:
  static constexpr std::size_t kBits = 64;
  // Words of the index's header: iChange and mxFrame.
  static constexpr std::size_t kCounter = 2;
  static constexpr std::size_t kFrames = 4;

  void endReading() noexcept;
  struct Sum {
    std::uint64_t value = 0;
    bool changing = false;
  };
  Sum sumOf(TableSet tables) const noexcept {
    Sum sum{epoch_.load(std::memory_order_acquire), false};
    for (TableSet rest = tables; rest != 0; rest &= rest - 1) {
      const std::uint64_t version =
          versions_[static_cast<std::size_t>(std::countr_zero(rest))].load(std::memory_order_acquire);
      sum.value += version;
      sum.changing = sum.changing || version % 2 != 0;
    }
    return sum;
  }
  /// Whether all commits so far are known.
  bool isCurrent(const std::uint32_t* header) const noexcept {
    // The memory is looked at last: a COMMIT of our own in between must not make up for one of others.
    const std::uint32_t known = foreign_.load(std::memory_order_acquire) + own_.load(std::memory_order_acquire);
    const std::uint32_t frames = frames_.load(std::memory_order_acquire);
    return read(header + kFrames) == frames && read(header + kCounter) == known;
  }
  static std::uint32_t read(const std::uint32_t* word) noexcept { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
  /// By the owner of the write handle.
  void advance(TableSet tables) noexcept;

  Listener& listener_;
  std::atomic<sqlite3*> writer_{nullptr};
  // Written by the owner of the write handle only, so that a COMMIT costs one locked instruction.
  std::array<std::atomic<std::uint64_t>, kBits> versions_{};
  std::atomic<std::uint64_t> epoch_{0};  // Part of every version.
  std::atomic<const std::uint32_t*> header_{nullptr};
  std::atomic<std::uint32_t> own_{0};      // COMMITs of this process.
  std::atomic<std::uint32_t> foreign_{0};  // What the counter shows besides.
  std::atomic<std::uint32_t> frames_{0};   // What the log has held after the last one that is known.
  std::atomic<std::uint32_t> commits_{0};  // Odd while one of this process is under way.

  mutable port::Mutex namesMutex_;
  std::vector<std::string> names_ HOLDFAST_GUARDED_BY(namesMutex_);
  port::Mutex gatesMutex_;
  std::vector<Gate*> gates_ HOLDFAST_GUARDED_BY(gatesMutex_);
  port::Mutex foreignMutex_;
};

}  // namespace holdfast
