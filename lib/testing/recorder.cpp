#include "testing/recorder.hpp"

#include <algorithm>

#include "testing/workspace.hpp"

namespace holdfast::testing {

std::vector<std::string> describe(const Recording& recording) {
  using Kind = Operation::Kind;
  std::vector<std::string> names;
  for (const auto& [name, content] : recording.before) names.push_back(name);
  std::vector<std::string> lines;
  for (const Operation& operation : recording.operations) {
    if (operation.kind == Kind::Rename) std::replace(names.begin(), names.end(), operation.name, operation.other);
    if (operation.kind == Kind::Create) {
      names.resize(std::max(names.size(), operation.file + 1));
      names[operation.file] = operation.name;
    }
    const std::string name = operation.file < names.size() ? names[operation.file] : operation.name;
    const std::string at = std::to_string(operation.offset);
    switch (operation.kind) {
      case Kind::Create: lines.push_back("create " + name); break;
      case Kind::Write:
        lines.push_back("write " + name + " " + at + "+" + std::to_string(operation.bytes.size()));
        break;
      case Kind::Truncate: lines.push_back("truncate " + name + " to " + at); break;
      case Kind::Sync: lines.push_back("sync " + name); break;
      case Kind::FailedSync: lines.push_back("sync " + name + " failed"); break;
      case Kind::Delete: lines.push_back("delete " + name); break;
      case Kind::SyncDirectory: lines.emplace_back("sync directory"); break;
      case Kind::Rename: lines.push_back("rename " + operation.name + " to " + operation.other); break;
    }
  }
  return lines;
}

void Recorder::start(const std::string& directory) {
  recording_ = {};
  files_.clear();
  directory_ = directory + "/";
  for (auto& [name, content] : readFiles(directory)) {
    files_[name] = recording_.before.size();
    recording_.before.emplace_back(name, std::move(content));
  }
  count_ = recording_.before.size();
  on_ = true;
}

Recording Recorder::take() {
  on_ = false;
  return std::exchange(recording_, {});
}

std::optional<std::string> Recorder::nameIn(std::string_view path) const {
  if (!on_ || !path.starts_with(directory_)) return std::nullopt;
  return std::string(path.substr(directory_.size()));
}

Operation& Recorder::append(Operation::Kind kind, std::size_t file) {
  Operation& operation = recording_.operations.emplace_back();
  operation.kind = kind;
  operation.file = file;
  return operation;
}

std::size_t Recorder::opened(std::string_view path, bool created) {
  const std::optional<std::string> name = nameIn(path);
  if (!name) return kNone;
  const auto known = files_.find(*name);
  if (known != files_.end() && !created) return known->second;
  const std::size_t file = count_++;
  files_[*name] = file;
  append(Operation::Kind::Create, file).name = *name;
  return file;
}

void Recorder::wrote(std::size_t file, std::int64_t offset, std::string_view bytes) {
  if (!on_ || file == kNone || bytes.empty()) return;
  Operation& operation = append(Operation::Kind::Write, file);
  operation.offset = offset;
  operation.bytes = bytes;
}

void Recorder::truncated(std::size_t file, std::int64_t size) {
  if (on_ && file != kNone) append(Operation::Kind::Truncate, file).offset = size;
}

void Recorder::synced(std::size_t file, bool succeeded, bool withDirectory) {
  if (!on_ || file == kNone) return;
  append(succeeded ? Operation::Kind::Sync : Operation::Kind::FailedSync, file);
  if (succeeded && withDirectory) append(Operation::Kind::SyncDirectory, kNone);
}

void Recorder::deleted(std::string_view path, bool directorySynced) {
  const std::optional<std::string> name = nameIn(path);
  if (!name) return;
  files_.erase(*name);
  append(Operation::Kind::Delete, kNone).name = *name;
  if (directorySynced) append(Operation::Kind::SyncDirectory, kNone);
}

void Recorder::renamed(std::string_view from, std::string_view to) {
  const std::optional<std::string> name = nameIn(from);
  const std::optional<std::string> other = nameIn(to);
  if (!name || !other) return;
  const auto known = files_.find(*name);
  if (known != files_.end()) {
    files_[*other] = known->second;
    files_.erase(*name);
  }
  Operation& operation = append(Operation::Kind::Rename, kNone);
  operation.name = *name;
  operation.other = *other;
}

void Recorder::syncedByName(std::string_view path, bool succeeded) {
  const std::optional<std::string> name = nameIn(path);
  const auto known = name ? files_.find(*name) : files_.end();
  if (known != files_.end()) synced(known->second, succeeded, false);
}

void Recorder::syncedDirectoryOf(std::string_view path) {
  if (nameIn(path)) append(Operation::Kind::SyncDirectory, kNone);
}

}  // namespace holdfast::testing
