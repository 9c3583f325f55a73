#pragma once

#if defined(HOLDFAST_TEST_ON_DEVICE)
#include <string>
#include <string_view>

#include "support/device_of_tests.hpp"
#else
#include <stdlib.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#endif

namespace holdfast::test {

#if defined(HOLDFAST_TEST_ON_DEVICE)

/// A device need not have directories: names that nobody else uses.
class TempDirectory {
 public:
  TempDirectory() {
    static int number = 0;
    path_ = "test" + std::to_string(++number);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory() { removeFilesOfTests(path_ + "-"); }

  const std::string& path() const noexcept { return path_; }
  std::string file(std::string_view name) const { return path_ + "-" + std::string(name); }

 private:
  std::string path_;
};

#else

/// A directory that nobody else uses, under $TMPDIR or else the current directory. Removed with all it holds.
class TempDirectory {
 public:
  TempDirectory() {
    const char* parent = std::getenv("TMPDIR");
    std::string name = std::string(parent == nullptr ? "." : parent) + "/holdfast-test-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::system_error(errno, std::generic_category(), name);
    path_ = std::filesystem::canonical(name).string();
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  /// Absolute, without links.
  const std::string& path() const noexcept { return path_; }
  std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

#endif

}  // namespace holdfast::test
