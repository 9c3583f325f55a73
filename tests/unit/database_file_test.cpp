#include "storage/database_file.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <holdfast/error.hpp>

#include "support/child_process.hpp"
#include "support/pool_fixture.hpp"
#include "support/small_file_system.hpp"
#include "support/temp_directory.hpp"

using holdfast::DatabaseFile;
using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::prepareDatabaseFile;
using holdfast::test::errorOf;
using holdfast::test::inChild;
using holdfast::test::SmallFileSystem;
using holdfast::test::TempDirectory;

namespace {

void write(const std::string& path, const std::string& content) { std::ofstream(path, std::ios::binary) << content; }

std::string refusal(const std::string& path, bool create) {
  try {
    prepareDatabaseFile(path, create);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::CannotOpen);
    return error.reason();
  }
  return "none";
}

}  // namespace

TEST_SUITE("storage/database_file") {
  TEST_CASE("a missing file is made, empty and private") {
    const TempDirectory directory;
    const DatabaseFile file = prepareDatabaseFile(directory.file("test.db"), true);
    CHECK(file.path == directory.file("test.db"));
    CHECK(file.created);
    CHECK_FALSE(file.hasLog);
    struct ::stat status {};
    REQUIRE(::stat(file.path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0600);
    CHECK(status.st_size == 0);
  }

  TEST_CASE("a file that is there is left as it is") {
    const TempDirectory directory;
    write(directory.file("test.db"), "content");
    std::filesystem::permissions(directory.file("test.db"), std::filesystem::perms(0644));
    CHECK_FALSE(prepareDatabaseFile(directory.file("test.db"), true).created);
    CHECK_FALSE(prepareDatabaseFile(directory.file("test.db"), false).created);
    CHECK(std::filesystem::file_size(directory.file("test.db")) == 7);
    CHECK(std::filesystem::status(directory.file("test.db")).permissions() == std::filesystem::perms(0644));
  }

  TEST_CASE("a log of an earlier run is seen and an empty one is none") {
    const TempDirectory directory;
    write(directory.file("test.db"), "");
    write(directory.file("test.db-wal"), "");
    CHECK_FALSE(prepareDatabaseFile(directory.file("test.db"), true).hasLog);
    write(directory.file("test.db-wal"), "frames");
    CHECK(prepareDatabaseFile(directory.file("test.db"), true).hasLog);
  }

  TEST_CASE("what is no file is refused with the reason") {
    const TempDirectory directory;
    std::filesystem::create_directory(directory.file("folder"));
    std::filesystem::create_symlink("nowhere", directory.file("link"));
    REQUIRE(::mkfifo(directory.file("fifo").c_str(), 0600) == 0);
    const std::string missing = directory.file("none");
    CHECK(refusal(directory.file("folder"), true) ==
          '"' + directory.file("folder") + "\" is a directory; name a file in it");
    CHECK(refusal(directory.file("link"), true).find("symbolic link") != std::string::npos);
    CHECK(refusal(directory.file("fifo"), true).find("not a regular file") != std::string::npos);
    CHECK(refusal(missing, false).find("does not exist") != std::string::npos);
    CHECK(refusal(missing + "/test.db", true).find("No such file or directory") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(missing));
    CHECK_FALSE(std::filesystem::exists(directory.file("nowhere")));
  }

  TEST_CASE("a path is absolute and without links in its directory") {
    const TempDirectory directory;
    std::filesystem::create_directory(directory.file("real"));
    std::filesystem::create_directory_symlink(directory.file("real"), directory.file("link"));
    CHECK(prepareDatabaseFile(directory.file("link/../real/./test.db"), true).path == directory.file("real/test.db"));
    CHECK(prepareDatabaseFile(directory.file("link/test.db"), true).path == directory.file("real/test.db"));
  }

  TEST_CASE("a file system that takes no more files is full") {
    const TempDirectory directory;
    const SmallFileSystem small(directory.file("small"), "64k,nr_inodes=2");
    if (!small) return;
    write(small.file("last"), "");
    const std::optional<Error> error = errorOf([&] { prepareDatabaseFile(small.file("test.db"), true); });
    CHECK(error.has_value());
    if (error) CHECK(error->code() == ErrorCode::StorageFull);
    std::filesystem::remove(small.file("last"));
    CHECK(prepareDatabaseFile(small.file("test.db"), true).created);
  }

#ifndef HOLDFAST_SANITIZE_ADDRESS  // Comes with the undefined behaviour sanitizer, which looks at objects through a pipe.
  TEST_CASE("a process without descriptors cannot make a file and can when it has some") {
    const TempDirectory directory;
    const int result = inChild([&] {
      rlimit limit{};
      ::getrlimit(RLIMIT_NOFILE, &limit);
      const rlimit before = limit;
      limit.rlim_cur = 0;
      ::setrlimit(RLIMIT_NOFILE, &limit);
      const std::optional<Error> error = errorOf([&] { prepareDatabaseFile(directory.file("test.db"), true); });
      ::setrlimit(RLIMIT_NOFILE, &before);
      if (!error || error->code() != ErrorCode::CannotOpen) return 1;
      return prepareDatabaseFile(directory.file("test.db"), true).created ? 0 : 2;
    });
    CHECK(result == 0);
  }
#endif
}
