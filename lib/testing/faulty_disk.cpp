#include <holdfast/testing/faulty_disk.hpp>

#include <holdfast/error.hpp>

#include "testing/disk_state.hpp"
#include "testing/watched_names.hpp"

namespace holdfast::testing {
namespace {

DiskState& state() noexcept { return DiskState::instance(); }

}  // namespace

std::string_view toText(Failure failure) noexcept {
  switch (failure) {
    case Failure::IoError: return "ioError";
    case Failure::NoSpace: return "noSpace";
    case Failure::ReadOnly: return "readOnly";
    case Failure::FailedSync: return "failedSync";
    case Failure::HalfWrite: return "halfWrite";
    case Failure::ShortRead: return "shortRead";
    case Failure::FlippedBit: break;
  }
  return "flippedBit";
}

FaultyDisk::FaultyDisk() {
  if (state().exists.exchange(true)) throw Error(ErrorCode::Misuse, "there is a FaultyDisk already: one at a time");
  sqlite3_initialize();
  state().reset();
  state().real = sqlite3_vfs_find(nullptr);
  prepareFaultyVfs();
  sqlite3_vfs_register(&faultyVfs(), 1);
  port::watchNames(&watchedNames());
}

FaultyDisk::~FaultyDisk() {
  heal();
  port::watchNames(nullptr);
  randomSeed() = 0;
  static_cast<void>(state().recorder.take());
  sqlite3_vfs_unregister(&faultyVfs());
  sqlite3_vfs_register(state().real, 1);
  state().exists = false;
}

void FaultyDisk::fail(const IoFault& fault) noexcept { state().fail(fault); }
void FaultyDisk::heal() noexcept { state().heal(); }
std::int64_t FaultyDisk::refused() const noexcept { return state().refused(); }
std::int64_t FaultyDisk::concerned() const noexcept { return state().concerned(); }
void FaultyDisk::delay(FileAction action, std::chrono::microseconds time) noexcept { state().delay(action, time); }

std::int64_t FaultyDisk::syncs(FileRole role) const noexcept { return state().syncs[static_cast<std::size_t>(role)]; }
std::int64_t FaultyDisk::openFiles() const noexcept { return state().openFiles; }

void FaultyDisk::record(const std::string& directory) {
  const std::lock_guard lock(state().order);
  state().recorder.start(directory);
}

std::size_t FaultyDisk::position() const noexcept {
  const std::lock_guard lock(state().order);
  return state().recorder.position();
}

Recording FaultyDisk::takeRecording() {
  const std::lock_guard lock(state().order);
  return state().recorder.take();
}

void FaultyDisk::seedRandomness(std::uint64_t seed) noexcept {
  randomSeed() = seed;
  sqlite3_randomness(0, nullptr);  // Forgets what it was seeded with; the next number asks the file layer again.
}

const char* FaultyDisk::plainVfs() noexcept {
  return state().exists ? state().real->zName : sqlite3_vfs_find(nullptr)->zName;
}

}  // namespace holdfast::testing
