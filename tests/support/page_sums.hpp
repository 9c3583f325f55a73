#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/damage.hpp"

// The checksums of SQLite's cksumvfs, computed from its description and not with the library's code.

namespace holdfast::test {

inline std::string expectedSum(const std::string& page) {
  std::uint32_t one = 0;
  std::uint32_t two = 0;
  const auto word = [&page](std::size_t at) {
    std::uint32_t value = 0;
    for (int i = 3; i >= 0; --i)
      value = value * 256 + static_cast<unsigned char>(page[at + static_cast<std::size_t>(i)]);
    return value;
  };
  for (std::size_t at = 0; at + 8 < page.size(); at += 8) {
    one = one + word(at) + two;
    two = two + word(at + 4) + one;
  }
  std::string sum;
  for (const std::uint32_t half : {one, two}) {
    for (unsigned shift = 0; shift < 32; shift += 8) sum += static_cast<char>(half >> shift & 255U);
  }
  return sum;
}

/// By number, counted from 1: the pages of a database file that do not end with their checksum.
inline std::vector<std::size_t> pagesWithWrongSum(const std::string& path) {
  const std::string file = fileContent(path);
  std::vector<std::size_t> wrong;
  if (file.size() < 100) return wrong;
  std::size_t pageBytes = static_cast<unsigned char>(file[16]) * 256U + static_cast<unsigned char>(file[17]);
  if (pageBytes == 1) pageBytes = 65536;
  for (std::size_t at = 0; at + pageBytes <= file.size(); at += pageBytes) {
    const std::string page = file.substr(at, pageBytes);
    if (page.substr(pageBytes - 8) != expectedSum(page)) wrong.push_back(at / pageBytes + 1);
  }
  return wrong;
}

/// One bit of a file that nobody has open.
inline void flipBit(const std::string& path, std::size_t bit) {
  std::string content = fileContent(path);
  content[bit / 8] = static_cast<char>(content[bit / 8] ^ static_cast<char>(1U << bit % 8));
  writeFile(path, content);
}

}  // namespace holdfast::test
