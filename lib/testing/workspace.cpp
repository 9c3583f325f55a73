#include "testing/workspace.hpp"

#include <stdlib.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

#include <holdfast/error.hpp>

namespace holdfast::testing {
namespace {

namespace fs = std::filesystem;

struct Closing {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using OpenFile = std::unique_ptr<std::FILE, Closing>;

[[noreturn]] void failed(const std::string& path, int error) {
  throw Error(ErrorCode::IoError, "\"" + path + "\": " + std::generic_category().message(error), 0, error);
}

std::string contentOf(const fs::path& path) {
  const OpenFile file(std::fopen(path.c_str(), "rb"));
  if (!file) failed(path.string(), errno);
  std::string content(static_cast<std::size_t>(fs::file_size(path)), '\0');
  if (std::fread(content.data(), 1, content.size(), file.get()) != content.size()) failed(path.string(), EIO);
  return content;
}

void writeFile(const std::string& path, const std::string& content) {
  OpenFile file(std::fopen(path.c_str(), "wb"));
  if (!file) failed(path, errno);
  if (std::fwrite(content.data(), 1, content.size(), file.get()) != content.size()) failed(path, errno);
  if (std::fclose(file.release()) != 0) failed(path, errno);
}

}  // namespace

Files readFiles(const std::string& directory) {
  Files files;
  try {
    for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
      const std::string name = entry.path().filename().string();
      if (entry.is_regular_file() && !name.ends_with("-shm")) files[name] = contentOf(entry.path());
    }
  } catch (const fs::filesystem_error& error) {
    failed(directory, error.code().value());
  }
  return files;
}

void writeFiles(const std::string& directory, const Files& files) {
  try {
    for (const fs::directory_entry& entry : fs::directory_iterator(directory)) fs::remove_all(entry.path());
  } catch (const fs::filesystem_error& error) {
    failed(directory, error.code().value());
  }
  for (const auto& [name, content] : files) writeFile(directory + "/" + name, content);
}

Workspace::Workspace(const std::string& parent) {
  try {
    std::string name = (parent.empty() ? fs::temp_directory_path().string() : parent) + "/holdfast-faults-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) failed(name, errno);
    path_ = fs::canonical(name).string();
  } catch (const fs::filesystem_error& error) {
    failed(parent, error.code().value());
  }
}

Workspace::~Workspace() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string Workspace::directory(const std::string& name) const {
  const std::string path = path_ + "/" + name;
  std::error_code error;
  fs::remove_all(path, error);
  if (!error) fs::create_directory(path, error);
  if (error) failed(path, error.value());
  return path;
}

}  // namespace holdfast::testing
