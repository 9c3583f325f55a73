#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/error.hpp>
#include <holdfast/verify.hpp>

#include "connection/plain_database.hpp"

namespace holdfast {

/// A check of a file that no pool has open: as many looks as it takes, each on a fresh handle.
class FileCheck {
 public:
  struct Options {
    PlainDatabase::Limits limits = {};
    /// For locks of other processes.
    std::chrono::milliseconds busyTimeout = std::chrono::seconds{5};
  };
  FileCheck(std::string path, Options options) : path_(std::move(path)), options_(std::move(options)) {}

  VerifyResult run(VerifyDepth depth);
  /// What the last look with a finding said.
  const std::vector<std::string>& findings() const noexcept { return findings_; }
  /// What the last look ended with, if it did.
  const std::optional<Error>& error() const noexcept { return error_; }

 private:
  VerifyResult look(VerifyDepth depth);

  std::string path_;
  Options options_;
  std::vector<std::string> findings_;
  std::optional<Error> error_;
};

}  // namespace holdfast
