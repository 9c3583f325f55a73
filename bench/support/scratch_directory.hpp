#pragma once

#include <string>

namespace bench {

/// A directory of the program's own inside of another; removed with all that is in it.
class ScratchDirectory {
 public:
  /// `name` begins its name. Throws std::runtime_error where it cannot be made.
  ScratchDirectory(const std::string& parent, const std::string& name);
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::string& path() const noexcept { return path_; }
  /// Makes a directory in it and gives its path.
  std::string make(const std::string& name) const;

 private:
  std::string path_;
};

}  // namespace bench
