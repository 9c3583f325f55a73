#pragma once

#include <cstdint>

namespace holdfast::test {

/// Which of SQLite's files.
enum class FileRole : std::uint8_t { Database, Log, Temporary };
/// What is done with it.
enum class FileAction : std::uint8_t { Read, Write, Sync, Truncate };

/// SQLite's default file layer, wrapped so that its operations fail on demand. It is the default for as long as the
/// object lives, so it must be made before the first handle is opened and go after the last is closed. Needs
/// faulty_vfs.cpp in the program.
class FaultyVfs {
 public:
  FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;
  ~FaultyVfs();

  static constexpr int kForEver = -1;
  /// Lets the next `after` such operations pass; then so many fail with `code`, or every one until heal().
  void fail(FileRole role, FileAction action, int code, int after = 0, int times = kForEver) noexcept;
  void heal() noexcept;
  /// Operations refused since the last fail().
  int refused() const noexcept;
  /// Syncs that were carried out, of files of that role, since the process began.
  int syncs(FileRole role) const noexcept;
};

}  // namespace holdfast::test
