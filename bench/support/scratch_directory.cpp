#include "support/scratch_directory.hpp"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace bench {

ScratchDirectory::ScratchDirectory(const std::string& parent, const std::string& name)
    : path_(parent + "/" + name + ".XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr) {
    throw std::runtime_error("cannot make a directory in " + parent + ": " + std::strerror(errno));
  }
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ScratchDirectory::make(const std::string& name) const {
  const std::string path = path_ + "/" + name;
  std::filesystem::create_directory(path);
  return path;
}

}  // namespace bench
