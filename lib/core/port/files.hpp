#pragma once

#include <cstdint>
#include <string>

namespace holdfast::port {

enum class FileKind : std::uint8_t { Missing, Regular, Directory, Symlink, Other };

/// What lstat() says. The file is not opened: closing a descriptor of a database file drops SQLite's locks on it.
struct FileFacts {
  FileKind kind = FileKind::Missing;
  std::int64_t sizeBytes = 0;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool writable = false;  ///< access(W_OK)
  int error = 0;          ///< errno where the path cannot be looked at for another reason than being missing.
};

FileFacts fileFacts(const std::string& path) noexcept;

inline bool exists(const std::string& path) noexcept { return fileFacts(path).kind != FileKind::Missing; }

/// The absolute path with every link in its directory part resolved; the last component is left as it is. An empty
/// string, and errno in `error`, where the directory does not exist or cannot be entered.
std::string absolutePath(const std::string& path, int& error);

/// Creates an empty file with mode 0600, refusing links and existing files (O_CREAT | O_EXCL | O_NOFOLLOW), and makes
/// its directory entry durable. Returns 0 or errno. Only for a file that nobody has open yet.
int createPrivateFile(const std::string& path) noexcept;

/// Is told of changes of names, and may make them fail: for tests that cut the power. Null: nobody is.
class NameWatch {
 public:
  enum class Change : std::uint8_t { Create, Rename, Remove, SyncFile, SyncDirectory };
  /// Called instead of the change itself, which `carryOut` makes. Returns 0 or errno.
  virtual int around(Change change, const std::string& path, const std::string& other,
                     int (*carryOut)(const std::string& path, const std::string& other)) = 0;

 protected:
  ~NameWatch() = default;
};
void watchNames(NameWatch* watch) noexcept;

/// Reads a whole small file. Returns 0 or errno; EFBIG where it is larger than `limitBytes`.
int readSmallFile(const std::string& path, std::size_t limitBytes, std::string& content);

/// A readable text for an errno.
std::string errorText(int error);

}  // namespace holdfast::port
