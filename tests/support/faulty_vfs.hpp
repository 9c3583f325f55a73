#pragma once

#include <cstdint>

#include <holdfast/testing/faulty_disk.hpp>

namespace holdfast::test {

/// Which of SQLite's files.
using FileRole = testing::FileRole;
/// What is done with it.
using FileAction = testing::FileAction;

/// The faulty disk of the fault kit with one operation that fails with a result code of choice. It must be made before
/// the first handle is opened and go after the last is closed.
class FaultyVfs {
 public:
  static constexpr int kForEver = -1;
  /// Lets the next `after` such operations pass; then so many fail with `code`, or every one until heal().
  void fail(FileRole role, FileAction action, int code, int after = 0, int times = kForEver) noexcept {
    testing::IoFault fault;
    fault.role = role;
    fault.action = action;
    fault.after = after;
    fault.times = times;
    fault.sqliteCode = code;
    disk_.fail(fault);
  }
  void heal() noexcept { disk_.heal(); }
  /// Operations refused since the last fail().
  int refused() const noexcept { return static_cast<int>(disk_.refused()); }
  /// Syncs that were carried out, of files of that role, since the object was made.
  int syncs(FileRole role) const noexcept { return static_cast<int>(disk_.syncs(role)); }

 private:
  testing::FaultyDisk disk_;
};

}  // namespace holdfast::test
