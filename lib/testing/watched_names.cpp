#include "testing/watched_names.hpp"

#include <cerrno>
#include <string_view>

#include "testing/disk_state.hpp"

namespace holdfast::testing {
namespace {

using Change = port::NameWatch::Change;

FileAction actionOf(Change change) noexcept {
  return change == Change::SyncFile || change == Change::SyncDirectory ? FileAction::Sync : FileAction::Delete;
}

class WatchedNames final : public port::NameWatch {
 public:
  int around(Change change, const std::string& path, const std::string& other,
             int (*carryOut)(const std::string& path, const std::string& other)) override {
    DiskState& disk = DiskState::instance();
    int error = 0;
    if (change != Change::Create && disk.judge(roleByName(path), actionOf(change)).code != SQLITE_OK) {
      error = DiskState::lastErrno() != 0 ? DiskState::lastErrno() : EIO;
    }
    const std::lock_guard lock(disk.order);
    if (error == 0) error = carryOut(path, other);
    record(disk.recorder, change, path, other, error);
    return error;
  }

 private:
  static void record(Recorder& recorder, Change change, const std::string& path, const std::string& other, int error) {
    if (change == Change::SyncFile) return recorder.syncedByName(path, error == 0);
    if (error != 0) return;
    switch (change) {
      case Change::Create: recorder.synced(recorder.opened(path, true), true, true); break;
      case Change::Rename: recorder.renamed(path, other); break;
      case Change::Remove: recorder.deleted(path, false); break;
      case Change::SyncDirectory: recorder.syncedDirectoryOf(path); break;
      case Change::SyncFile: break;
    }
  }
};

}  // namespace

port::NameWatch& watchedNames() noexcept {
  static WatchedNames names;
  return names;
}

}  // namespace holdfast::testing
