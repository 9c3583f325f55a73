#include "acknowledge_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace edge_agent {

AcknowledgeFile::AcknowledgeFile(const std::string& path)
    : path_(path), descriptor_(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), path_);
}

AcknowledgeFile::~AcknowledgeFile() { ::close(descriptor_); }

void AcknowledgeFile::append(Source source, std::int64_t batchId, std::size_t readings) {
  const std::string line =
      std::string(nameOf(source)) + " " + std::to_string(batchId) + " " + std::to_string(readings) + "\n";
  const ssize_t written = ::write(descriptor_, line.data(), line.size());
  if (written < 0) throw std::system_error(errno, std::generic_category(), path_);
  if (static_cast<std::size_t>(written) != line.size()) {
    throw std::system_error(ENOSPC, std::generic_category(), path_);
  }
}

}  // namespace edge_agent
