#include "core/port/files.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

#include "support/failing_allocation.hpp"
#include "support/temp_directory.hpp"

using holdfast::test::FailingAllocation;
using holdfast::test::TempDirectory;
namespace port = holdfast::port;
using port::FileKind;

namespace {

constexpr uid_t kNobody = 65534;

void writeFile(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

/// Inside of `directory`, without the superuser's rights, under which every file may be read and written. Names are
/// relative there, because somebody else might not be allowed to come to the directory from the root.
class AsNobody {
 public:
  explicit AsNobody(const std::string& directory) : before_(::open(".", O_RDONLY | O_DIRECTORY)) {
    REQUIRE(::chmod(directory.c_str(), 0755) == 0);
    REQUIRE(::chdir(directory.c_str()) == 0);
    if (::getuid() == 0) REQUIRE(::setresuid(kNobody, kNobody, 0) == 0);
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  ~AsNobody() {
    if (::getuid() == kNobody) CHECK(::setresuid(0, 0, 0) == 0);
    CHECK(::fchdir(before_) == 0);
    ::close(before_);
  }

 private:
  int before_;
};

}  // namespace

TEST_SUITE("core/files") {
  TEST_CASE("a file may be larger than 2 GiB and dated after 2038") {
    const TempDirectory directory;
    const std::string path = directory.file("large");
    writeFile(path, "");
    constexpr std::int64_t kSize = 3LL << 30;  // Sparse: it takes no room.
    REQUIRE(::truncate(path.c_str(), kSize) == 0);
    const std::array<timespec, 2> times{timespec{1LL << 32, 0}, timespec{1LL << 32, 0}};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times.data(), 0) == 0);
    const port::FileFacts facts = port::fileFacts(path);
    CHECK(facts.error == 0);
    CHECK(facts.kind == FileKind::Regular);
    CHECK(facts.sizeBytes == kSize);
  }

  TEST_CASE("a missing file is missing and no error") {
    const TempDirectory directory;
    const port::FileFacts facts = port::fileFacts(directory.file("none"));
    CHECK(facts.kind == FileKind::Missing);
    CHECK(facts.error == 0);
    CHECK_FALSE(facts.writable);
  }

  TEST_CASE("a path through a file cannot be looked at") {
    const TempDirectory directory;
    writeFile(directory.file("file"), "x");
    const port::FileFacts facts = port::fileFacts(directory.file("file/below"));
    CHECK(facts.kind == FileKind::Missing);
    CHECK(facts.error == ENOTDIR);
  }

  TEST_CASE("kinds of files are told apart without following links") {
    const TempDirectory directory;
    writeFile(directory.file("file"), "four");
    REQUIRE(::symlink("file", directory.file("link").c_str()) == 0);
    REQUIRE(::mkfifo(directory.file("fifo").c_str(), 0600) == 0);
    CHECK(port::fileFacts(directory.file("file")).kind == FileKind::Regular);
    CHECK(port::fileFacts(directory.file("file")).sizeBytes == 4);
    CHECK(port::fileFacts(directory.file("file")).writable);
    CHECK(port::fileFacts(directory.path()).kind == FileKind::Directory);
    CHECK(port::fileFacts(directory.file("link")).kind == FileKind::Symlink);
    CHECK(port::fileFacts(directory.file("fifo")).kind == FileKind::Other);
  }

  TEST_CASE("a file that was replaced under its name has another identity") {
    const TempDirectory directory;
    writeFile(directory.file("a"), "1");
    writeFile(directory.file("b"), "1");
    const port::FileFacts before = port::fileFacts(directory.file("a"));
    REQUIRE(::rename(directory.file("b").c_str(), directory.file("a").c_str()) == 0);
    const port::FileFacts after = port::fileFacts(directory.file("a"));
    CHECK(before.device == after.device);
    CHECK(before.inode != after.inode);
  }

  TEST_CASE("a file that may only be read is not writable") {
    const TempDirectory directory;
    writeFile(directory.file("file"), "x");
    REQUIRE(::chmod(directory.file("file").c_str(), 0444) == 0);
    const AsNobody nobody(directory.path());
    CHECK(port::fileFacts("file").kind == FileKind::Regular);
    CHECK_FALSE(port::fileFacts("file").writable);
  }

  TEST_CASE("links in the directory are resolved and the last name is left as it is") {
    const TempDirectory directory;
    REQUIRE(::mkdir(directory.file("real").c_str(), 0700) == 0);
    REQUIRE(::symlink("real", directory.file("link").c_str()) == 0);
    REQUIRE(::symlink("elsewhere", directory.file("real/name").c_str()) == 0);
    int error = -1;
    CHECK(port::absolutePath(directory.file("link/name"), error) == directory.file("real/name"));
    CHECK(error == 0);
    CHECK(port::absolutePath(directory.file("link/../link/./x"), error) == directory.file("real/x"));
  }

  TEST_CASE("relative names are completed and the root stays the root") {
    int error = -1;
    char* current = ::getcwd(nullptr, 0);
    CHECK(port::absolutePath("name.db", error) == std::string(current) + "/name.db");
    CHECK(port::absolutePath("file:x", error) == std::string(current) + "/file:x");
    std::free(current);
    CHECK(port::absolutePath("/name.db", error) == "/name.db");
    CHECK(error == 0);
  }

  TEST_CASE("a directory that is missing or is none has no absolute path") {
    const TempDirectory directory;
    writeFile(directory.file("file"), "x");
    int error = 0;
    CHECK(port::absolutePath(directory.file("none/x"), error).empty());
    CHECK(error == ENOENT);
    CHECK(port::absolutePath(directory.file("file/x"), error).empty());
    CHECK(error == ENOTDIR);
  }

  TEST_CASE("a created file is empty and only its owner's") {
    const TempDirectory directory;
    REQUIRE(port::createPrivateFile(directory.file("new")) == 0);
    struct ::stat status {};
    REQUIRE(::stat(directory.file("new").c_str(), &status) == 0);
    CHECK(status.st_size == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
  }

  TEST_CASE("what stands under the name already is not touched") {
    const TempDirectory directory;
    writeFile(directory.file("file"), "kept");
    REQUIRE(::symlink("target", directory.file("dangling").c_str()) == 0);
    CHECK(port::createPrivateFile(directory.file("file")) == EEXIST);
    CHECK(port::fileFacts(directory.file("file")).sizeBytes == 4);
    CHECK(port::createPrivateFile(directory.file("dangling")) == EEXIST);
    CHECK(port::fileFacts(directory.file("target")).kind == FileKind::Missing);
  }

  TEST_CASE("nothing is created where there is no directory or no memory") {
    const TempDirectory directory;
    CHECK(port::createPrivateFile(directory.file("none/new")) == ENOENT);
    int error = 0;
    const std::string path = directory.file("new");
    {
      const FailingAllocation failing(0);
      error = port::createPrivateFile(path);
    }
    CHECK(error == ENOMEM);
    CHECK(port::fileFacts(path).kind == FileKind::Missing);
  }

  TEST_CASE("a directory that cannot be read but written is good enough for a new file") {
    const TempDirectory directory;
    REQUIRE(::mkdir(directory.file("blind").c_str(), 0700) == 0);
    REQUIRE(::chmod(directory.file("blind").c_str(), 0333) == 0);
    {
      const AsNobody nobody(directory.path());
      CHECK(::access("blind", R_OK) != 0);
      CHECK(port::createPrivateFile("blind/new") == 0);
    }
    CHECK(port::fileFacts(directory.file("blind/new")).kind == FileKind::Regular);
    REQUIRE(::chmod(directory.file("blind").c_str(), 0700) == 0);
  }

  TEST_CASE("a directory that may not be entered has no absolute path") {
    const TempDirectory directory;
    REQUIRE(::mkdir(directory.file("shut").c_str(), 0700) == 0);
    REQUIRE(::chmod(directory.file("shut").c_str(), 0444) == 0);
    int error = 0;
    {
      const AsNobody nobody(directory.path());
      CHECK(port::absolutePath("shut/x", error).empty());
      CHECK(port::fileFacts("shut/x").error == EACCES);
    }
    CHECK(error == EACCES);
    REQUIRE(::chmod(directory.file("shut").c_str(), 0700) == 0);
  }

  TEST_CASE("a small file is read whole and replaces what was in the string") {
    const TempDirectory directory;
    const std::string content = std::string(10'000, 'x') + std::string(1, '\0') + "end";
    writeFile(directory.file("file"), content);
    std::string read = "before";
    CHECK(port::readSmallFile(directory.file("file"), content.size(), read) == 0);
    CHECK(read == content);
    writeFile(directory.file("empty"), "");
    CHECK(port::readSmallFile(directory.file("empty"), 0, read) == 0);
    CHECK(read.empty());
  }

  TEST_CASE("a file one byte above the limit is too large") {
    const TempDirectory directory;
    writeFile(directory.file("file"), "12345");
    std::string read;
    CHECK(port::readSmallFile(directory.file("file"), 4, read) == EFBIG);
    CHECK(port::readSmallFile(directory.file("file"), 5, read) == 0);
  }

  TEST_CASE("what is not a file is refused without waiting for it") {
    const TempDirectory directory;
    REQUIRE(::mkfifo(directory.file("fifo").c_str(), 0600) == 0);
    std::string read;
    CHECK(port::readSmallFile(directory.file("none"), 10, read) == ENOENT);
    CHECK(port::readSmallFile(directory.path(), 10, read) == EISDIR);
    CHECK(port::readSmallFile(directory.file("fifo"), 10, read) == EINVAL);
  }

  TEST_CASE("a file that the system refuses to read reports why") {
    std::string read;
    // Reading address 0 of a process's memory fails; the file itself opens and looks regular.
    CHECK(port::readSmallFile("/proc/self/mem", 10, read) == EIO);
  }

  TEST_CASE("an errno has a readable text") {
    CHECK(port::errorText(ENOENT) != port::errorText(EACCES));
    CHECK_FALSE(port::errorText(ENOSPC).empty());
  }
}
