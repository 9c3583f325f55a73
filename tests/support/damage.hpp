#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

// Files that are damaged on purpose. Nobody may have them open.

namespace holdfast::test {

inline constexpr std::size_t kPageBytes = 4096;

inline std::string fileContent(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void writeFile(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

/// The page of that number, counted from 1, becomes `bytes`.
inline void replacePage(const std::string& path, std::size_t page, const std::string& bytes) {
  std::string content = fileContent(path);
  content.replace((page - 1) * kPageBytes, bytes.size(), bytes);
  writeFile(path, content);
}

/// These bytes of it, and nothing else.
inline void overwrite(const std::string& path, std::size_t at, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(at));
  file << bytes;
}

inline void cutFile(const std::string& path, std::size_t bytes) { std::filesystem::resize_file(path, bytes); }

/// One bit in every so manyth byte of a page.
inline void flipBits(const std::string& path, std::size_t page, std::size_t every) {
  std::string content = fileContent(path);
  for (std::size_t at = (page - 1) * kPageBytes; at < page * kPageBytes; at += every) {
    content[at] = static_cast<char>(content[at] ^ 0x10);
  }
  writeFile(path, content);
}

/// What a process that was killed leaves behind, without any transaction in it.
inline void leaveLog(const std::string& database) { writeFile(database + "-wal", ""); }

}  // namespace holdfast::test
