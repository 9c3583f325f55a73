#include "storage/quarantine.hpp"

#include <array>
#include <cerrno>

#include <holdfast/error.hpp>

#include "core/out_of_memory.hpp"
#include "core/port/file_changes.hpp"
#include "storage/file_error.hpp"

namespace holdfast {
namespace {

constexpr std::array<const char*, 2> kLogs{"-wal", "-journal"};

}  // namespace

std::string Quarantine::nameOf(const std::string& path, int number, std::string_view kind) {
  return path + std::string(kind) + std::to_string(number);
}

std::string Quarantine::name() const { return nameOf(path_, number(port::exists(path_)), kind_); }

int Quarantine::number(bool hasDatabase) const {
  const auto taken = [this](int number, bool withDatabase) {
    const std::string name = nameOf(path_, number, kind_);
    return (withDatabase && port::exists(name)) || port::exists(name + kLogs[0]) || port::exists(name + kLogs[1]);
  };
  int next = 1;
  while (taken(next, true)) ++next;
  if (!hasDatabase && next > 1 && !taken(next - 1, false)) return next - 1;
  return next;
}

void Quarantine::move(const std::string& from, const std::string& to, std::vector<std::string>& names) const {
  if (!port::exists(from)) return;
  if (const int error = port::renameFile(from, to); error != 0) throwFileError(from, "renamed", error);
  names.push_back(to);
}

std::vector<std::string> Quarantine::run() {
  std::vector<std::string> names;
  const std::string name = this->name();
  move(path_, name, names);
  if (const int error = port::syncDirectoryOf(path_); error != 0) throwFileError(path_, "made durable", error);
  for (const char* suffix : kLogs) move(path_ + suffix, name + suffix, names);
  port::removeFile(path_ + "-shm");
  if (const int error = port::syncDirectoryOf(path_); error != 0) throwFileError(path_, "made durable", error);
  return names;
}

}  // namespace holdfast
