#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "connection/plain_database.hpp"
#include "core/port/files.hpp"

namespace holdfast {

/// Where a backup goes: the file it is made in, and how that gets the name while the backups before it are kept.
///
/// A backup called `name` is made as `name.part`, synced, and renamed; the one before is `name.1` then. There is a good
/// one under one of these names at every moment, whenever the power fails. What is not published is removed.
class BackupTarget {
 public:
  /// Whether a file is a database that this process has open: its files are never opened past SQLite.
  using IsOpen = bool (*)(std::uint64_t device, std::uint64_t inode);

  /// Throws Error: InvalidArgument for no path; CannotOpen where the directory does not exist or a link, a directory or
  /// anything but a plain file lies there; Denied where one of the names is that of `database` (its path) or of one of
  /// its files, or somebody has the backup open as a database.
  BackupTarget(const std::string& wanted, const std::string& database, int olderGenerations, IsOpen isOpen);
  BackupTarget(const BackupTarget&) = delete;
  BackupTarget& operator=(const BackupTarget&) = delete;
  ~BackupTarget();

  const std::string& path() const noexcept { return path_; }
  const std::string& part() const noexcept { return part_; }
  /// Makes the part: empty and private. What an earlier attempt left behind is removed first. Throws Error.
  void begin();
  /// Throws Error{Denied} where the backup that is there must be kept (backup_rules.hpp).
  void requireReplaceable(const ContentFacts& fresh) const;
  /// Throws Error where the part is not a sound copy of what has these facts.
  void verify(const ContentFacts& source, const PlainDatabase::Limits& limits) const;
  /// Makes the part durable and gives it the name. Returns what the one before it is called now, or nothing. Throws
  /// Error; the backup that was there still is then.
  std::string publish(std::vector<std::string>& warnings);

 private:
  void requireFree(const std::string& name, const std::string& database, IsOpen isOpen) const;
  void requireOwnPart() const;
  void removePart() const noexcept;
  /// Whether it can be read; its facts.
  static bool look(const std::string& path, ContentFacts& facts);
  std::string makeRoom(std::vector<std::string>& warnings) const;

  std::string path_;
  std::string part_;
  int olderGenerations_;
  port::FileFacts made_;  ///< The part, as it was made.
};

}  // namespace holdfast
