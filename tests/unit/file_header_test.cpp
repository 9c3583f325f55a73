#include "storage/file_header.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace holdfast;

namespace {

/// Of a database of `pages` pages of 4 KiB.
std::string header(unsigned pages) {
  std::string bytes("SQLite format 3\0", 16);
  bytes.resize(kHeaderBytes, '\0');
  bytes[16] = 0x10;
  bytes[28 + 2] = static_cast<char>(pages >> 8U);
  bytes[28 + 3] = static_cast<char>(pages & 255U);
  return bytes;
}

}  // namespace

TEST_SUITE("storage/file_header") {
  TEST_CASE("a header that fits the size of its file is plausible") {
    CHECK(judgeHeader(header(10), 10 * 4096, false) == HeaderVerdict::Plausible);
    CHECK(judgeHeader(header(10), 12 * 4096, false) == HeaderVerdict::Plausible);
    std::string large = header(2);
    large[16] = 0;
    large[17] = 1;  // 65536.
    CHECK(judgeHeader(large, 2 * 65536, false) == HeaderVerdict::Plausible);
  }

  TEST_CASE("a file that is empty, begins like no database or is too short is told") {
    CHECK(judgeHeader("", 0, false) == HeaderVerdict::Empty);
    CHECK(judgeHeader("SQLite format 3", 15, false) == HeaderVerdict::NoDatabase);
    CHECK(judgeHeader(std::string(kHeaderBytes, 'x'), 4096, false) == HeaderVerdict::NoDatabase);
    std::string strange = header(1);
    strange[16] = 3;  // 768 bytes a page.
    CHECK(judgeHeader(strange, 4096, false) == HeaderVerdict::NoDatabase);
    strange[16] = 0;
    CHECK(judgeHeader(strange, 4096, false) == HeaderVerdict::NoDatabase);
    CHECK(judgeHeader(header(10), 10 * 4096 - 1, false) == HeaderVerdict::TooShort);
  }

  TEST_CASE("pages that are missing may be in the log, and an old number of pages says nothing") {
    CHECK(judgeHeader(header(10), 4096, true) == HeaderVerdict::Plausible);
    std::string old = header(10);
    old[27] = 5;  // The change counter, without that for which the number is valid.
    CHECK(judgeHeader(old, 4096, false) == HeaderVerdict::Plausible);
  }

  TEST_CASE("a journal is hot where it begins with its mark") {
    CHECK(isHotJournal(std::string("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7more", 12)));
    CHECK_FALSE(isHotJournal(""));
    CHECK_FALSE(isHotJournal(std::string(512, '\0')));
  }

  TEST_CASE("a journal tells how large the database was before") {
    std::string journal("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8);
    journal.resize(28, '\0');
    CHECK(pagesBefore(journal) == 0);
    journal[18] = 1;
    journal[19] = 4;
    CHECK(pagesBefore(journal) == 260);
    CHECK(pagesBefore(journal.substr(0, 19)) == 0);
    CHECK(pagesBefore(std::string(28, '\1')) == 0);
  }
}
