#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "samplers.hpp"

namespace edge_agent {

/// A list of the batches whose transaction has returned, one line "SOURCE BATCH READINGS" each, so that a test can kill
/// the agent and then compare. Each line is one write(2) in append mode: it is in the kernel, whole, or not there at
/// all, whatever happens to the process. Any thread.
class AcknowledgeFile {
 public:
  /// Throws std::system_error where the file cannot be opened.
  explicit AcknowledgeFile(const std::string& path);
  AcknowledgeFile(const AcknowledgeFile&) = delete;
  AcknowledgeFile& operator=(const AcknowledgeFile&) = delete;
  ~AcknowledgeFile();

  /// Throws std::system_error where the line cannot be written.
  void append(Source source, std::int64_t batchId, std::size_t readings);

 private:
  std::string path_;
  int descriptor_;
};

}  // namespace edge_agent
