#include "core/port/storage.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "support/small_file_system.hpp"
#include "support/temp_directory.hpp"

using namespace holdfast::port;
using holdfast::test::SmallFileSystem;
using holdfast::test::TempDirectory;

TEST_SUITE("core/port_storage") {
  TEST_CASE("a file is told from another one that takes its place") {
    const TempDirectory directory;
    const std::string path = directory.file("a");
    CHECK(fileIdentity(path.c_str()).error == ENOENT);
    std::ofstream(path) << "text";
    const FileIdentity first = fileIdentity(path.c_str());
    CHECK(first.error == 0);
    CHECK(first.sizeBytes == 4);
    std::ofstream(directory.file("b")) << "more";
    std::filesystem::rename(directory.file("b"), path);
    CHECK(fileIdentity(path.c_str()).inode != first.inode);
    CHECK(fileIdentity(path.c_str()).device == first.device);
  }

  TEST_CASE("what is free is known where there is a file system") {
    const TempDirectory directory;
    const StorageSpace space = storageSpace(directory.path().c_str());
    CHECK(space.freeBytes >= 0);
    CHECK(space.totalBytes >= space.freeBytes);
    CHECK_FALSE(space.readOnly);
    CHECK(storageSpace(directory.file("missing").c_str()).freeBytes == -1);
  }

  TEST_CASE("space is occupied by a private file and given back") {
    const TempDirectory directory;
    const std::string path = directory.file("ballast");
    CHECK(occupySpace(path.c_str(), 100'000) == 0);
    CHECK(std::filesystem::file_size(path) == 100'000);
    CHECK(std::filesystem::status(path).permissions() ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    CHECK(occupySpace(path.c_str(), 1) == EEXIST);
    CHECK(removeFile(path.c_str()) == 0);
    CHECK(removeFile(path.c_str()) == 0);
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK(removeFile(directory.path().c_str()) != 0);
  }

  TEST_CASE("space that is not there is not occupied and nothing is left behind") {
    const TempDirectory directory;
    const SmallFileSystem small(directory.file("small"), "64k");
    if (!small) {
      MESSAGE("not possible here: mounting needs the superuser");
      return;
    }
    CHECK(occupySpace(small.file("ballast").c_str(), 1'000'000) == ENOSPC);
    CHECK_FALSE(std::filesystem::exists(small.file("ballast")));
  }
}
