#pragma once

#include <string>

#include <holdfast/testing/recording.hpp>

namespace holdfast::testing {

/// The regular files of a directory, without the shared index of the log ("-shm"), which does not outlive the machine.
/// Throws Error{IoError}.
Files readFiles(const std::string& directory);

/// Makes the directory hold just these files. Throws Error{IoError}.
void writeFiles(const std::string& directory, const Files& files);

/// A directory of its own below `parent` (empty: the system's for temporary files), removed with all it holds.
class Workspace {
 public:
  /// Throws Error{IoError}.
  explicit Workspace(const std::string& parent);
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  ~Workspace();

  const std::string& path() const noexcept { return path_; }
  /// An empty directory of that name in it. Throws Error{IoError}.
  std::string directory(const std::string& name) const;
  static constexpr const char* kDatabase = "test.db";
  static std::string databaseIn(const std::string& directory) { return directory + "/" + kDatabase; }

 private:
  std::string path_;
};

}  // namespace holdfast::testing
