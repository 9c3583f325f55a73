#include "storage/database_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <holdfast/error.hpp>

#include "support/temp_directory.hpp"

using holdfast::DatabaseFile;
using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::prepareDatabaseFile;
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
}
