#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <holdfast/clock.hpp>
#include <holdfast/connection.hpp>

namespace holdfast {

/// The number of a commit, taken down beside the database, by which the next start can tell that the database has become
/// older: that the end of its log was lost, or that an older file was put in its place.
///
/// The number is the header's change counter, which SQLite raises by one with a commit that writes the first page after
/// having read it. With a write-ahead log most commits do not; so one that does is made for each note, and is durable
/// before it. What has
/// become older by no more than what was committed since the last note goes unseen.
///
/// The file has two pages that are written in turn: a power cut in the middle of one leaves the other.
class CommitNote {
 public:
  static constexpr std::size_t kRecordBytes = 64;
  static constexpr std::int64_t kSlotBytes = 4096;

  /// Looks at what was taken down. `writer` has just been opened. `replaced`: open() has put another database in the place
  /// of the one it was about. So many commits that were counted are missing.
  std::uint32_t start(const std::string& databasePath, std::chrono::milliseconds interval, bool replaced,
                      Connection& writer, Clock::TimePoint now);
  /// Takes a commit down where something was committed since the last time, and that was long enough ago. By the holder of
  /// the write handle, outside of a transaction.
  void review(Connection& writer, Clock::TimePoint now) noexcept;
  /// The pool closes, and will copy the log afterwards.
  void stop(Connection& writer) noexcept;

 private:
  bool load();
  bool hasNews(Connection& writer) const noexcept;
  void take(Connection& writer) noexcept;

  std::string path_;
  std::chrono::milliseconds interval_{0};
  Clock::TimePoint takenAt_{};
  std::uint64_t record_ = 0;
  std::uint32_t counter_ = 0;
  bool stale_ = false;         ///< To be taken also where nothing was committed.
  std::uint64_t handle_ = 0;   // The handle that made the last commit of a note, ...
  std::uint64_t commits_ = 0;  // ... and what it had committed by then.
};

}  // namespace holdfast
