#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <holdfast/testing/recording.hpp>

namespace holdfast::testing {

/// Writes down what is done in one directory. Used under DiskState::order.
class Recorder {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  /// Takes what lies in the directory for durable. Throws Error{IoError}.
  void start(const std::string& directory);
  bool isOn() const noexcept { return on_; }
  std::size_t position() const noexcept { return recording_.operations.size(); }
  Recording take();

  /// The number of the file that was opened by that path, kNone where it is not recorded. `created`: it was not there.
  std::size_t opened(std::string_view path, bool created);
  void wrote(std::size_t file, std::int64_t offset, std::string_view bytes);
  void truncated(std::size_t file, std::int64_t size);
  /// `withDirectory`: its name was made durable, too.
  void synced(std::size_t file, bool succeeded, bool withDirectory);
  void deleted(std::string_view path, bool directorySynced);
  void renamed(std::string_view from, std::string_view to);
  /// A file by its name, as whoever has not opened it through SQLite syncs it.
  void syncedByName(std::string_view path, bool succeeded);
  /// The directory in which `path` lies.
  void syncedDirectoryOf(std::string_view path);

 private:
  Operation& append(Operation::Kind kind, std::size_t file);
  std::optional<std::string> nameIn(std::string_view path) const;

  bool on_ = false;
  std::string directory_;  // With its slash.
  std::map<std::string, std::size_t> files_;
  std::size_t count_ = 0;
  Recording recording_;
};

}  // namespace holdfast::testing
