#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "core/port/storage.hpp"

namespace holdfast {

/// Whether the files that a handle has open still lie under their names. SQLite goes on without a word after they were
/// deleted or another file system was mounted over them, and everything that is written then is lost.
///
/// A look is one call of the system for the database, as long as what a small read from the system's cache takes; its
/// log is looked at once a millisecond.
class FileWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// Who was looked at so long ago may go without another look.
  static constexpr std::chrono::milliseconds kFresh{1};

  /// Takes the files that lie there now for the ones that are open. `logPath`: empty where there is no log.
  FileWatch(const std::string& path, const std::string& logPath);

  /// Whether they are in place.
  bool look() noexcept { return lookAt(std::chrono::steady_clock::now()); }
  /// The same, and the log now in any case.
  bool lookAtAll() noexcept {
    lookedAtLog_ = {};
    return look();
  }
  /// As look(); a look of a moment ago counts.
  bool lookedLately() noexcept {
    const Time now = std::chrono::steady_clock::now();
    return (error_ == 0 && now - looked_ < kFresh) || lookAt(now);
  }
  /// Throws Error{CannotOpen} by what the last look found.
  [[noreturn]] void raise() const;
  /// Of the database and its log, as of the last looks.
  std::int64_t bytes() const noexcept { return sizeBytes_ + logSizeBytes_; }

 private:
  bool lookAt(Time now) noexcept;

  std::string path_;
  std::string logPath_;
  port::FileIdentity file_;
  port::FileIdentity log_;
  std::int64_t sizeBytes_ = 0;
  std::int64_t logSizeBytes_ = 0;
  Time looked_{};
  Time lookedAtLog_{};
  int error_ = 0;
};

}  // namespace holdfast
