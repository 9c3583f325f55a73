#include "testing/disk_state.hpp"

#include <cerrno>
#include <thread>

namespace holdfast::testing {
namespace {

struct Answer {
  int code;
  int error;
};

Answer ioError(FileAction action) noexcept {
  switch (action) {
    case FileAction::Open: return {SQLITE_CANTOPEN, EIO};
    case FileAction::Read: return {SQLITE_IOERR_READ, EIO};
    case FileAction::Write: return {SQLITE_IOERR_WRITE, EIO};
    case FileAction::Truncate: return {SQLITE_IOERR_TRUNCATE, EIO};
    case FileAction::Sync: return {SQLITE_IOERR_FSYNC, EIO};
    case FileAction::Delete: return {SQLITE_IOERR_DELETE, EIO};
    case FileAction::Look: return {SQLITE_IOERR_FSTAT, EIO};
    case FileAction::Map: break;
  }
  return {SQLITE_IOERR_SHMMAP, EIO};
}

// What SQLite's own unix layer answers for these errors.
Answer answerOf(Failure failure, FileAction action) noexcept {
  switch (failure) {
    case Failure::NoSpace:
      if (action == FileAction::Write) return {SQLITE_FULL, ENOSPC};
      return {action == FileAction::Open ? SQLITE_CANTOPEN : SQLITE_IOERR_SHMSIZE, ENOSPC};
    case Failure::ReadOnly: {
      Answer answer = ioError(action);
      answer.error = EROFS;
      return answer;
    }
    case Failure::ShortRead: return {SQLITE_IOERR_SHORT_READ, 0};
    case Failure::IoError:
    case Failure::FailedSync:
    case Failure::HalfWrite:
    case Failure::FlippedBit: break;
  }
  return ioError(action);
}

}  // namespace

bool concerns(Failure failure, FileAction action, bool creates, bool writes) noexcept {
  switch (failure) {
    case Failure::IoError: return true;
    case Failure::NoSpace:
      return action == FileAction::Write || action == FileAction::Map || (action == FileAction::Open && creates);
    case Failure::ReadOnly:
      return action == FileAction::Write || action == FileAction::Truncate || action == FileAction::Delete ||
             action == FileAction::Map || (action == FileAction::Open && writes);
    case Failure::FailedSync: return action == FileAction::Sync;
    case Failure::HalfWrite: return action == FileAction::Write;
    case Failure::ShortRead:
    case Failure::FlippedBit: break;
  }
  return action == FileAction::Read;
}

DiskState& DiskState::instance() noexcept {
  static DiskState state;
  return state;
}

int& DiskState::lastErrno() noexcept {
  static thread_local int error = 0;
  return error;
}

void DiskState::fail(const IoFault& fault) noexcept {
  const std::lock_guard lock(mutex_);
  fault_ = fault;
  refused_ = 0;
  concerned_ = 0;
  armed_ = true;
}

void DiskState::heal() noexcept {
  armed_ = false;
  for (auto& time : delays_) time = 0;
}

void DiskState::reset() noexcept {
  heal();
  refused_ = 0;
  concerned_ = 0;
  for (auto& count : syncs) count = 0;
}

void DiskState::delay(FileAction action, std::chrono::microseconds time) noexcept {
  delays_[static_cast<std::size_t>(action)] = time.count();
}

CallVerdict DiskState::judge(FileRole role, FileAction action, bool creates, bool writes) noexcept {
  lastErrno() = 0;
  const std::int64_t delay = delays_[static_cast<std::size_t>(action)].load(std::memory_order_relaxed);
  if (delay > 0) std::this_thread::sleep_for(std::chrono::microseconds(delay));
  if (!armed_.load(std::memory_order_relaxed)) return {};
  const std::lock_guard lock(mutex_);
  if (!armed_ || fault_.role.value_or(role) != role || fault_.action.value_or(action) != action) return {};
  if (!concerns(fault_.failure, action, creates, writes)) return {};
  const std::int64_t number = concerned_++;
  if (number < fault_.after) return {};
  if (fault_.times != IoFault::kForEver && number >= fault_.after + fault_.times) return {};
  ++refused_;
  CallVerdict verdict;
  verdict.number = static_cast<std::uint64_t>(number);
  verdict.readOnly = fault_.failure == Failure::ReadOnly && action == FileAction::Open;
  verdict.flipBit = fault_.failure == Failure::FlippedBit;
  if (verdict.readOnly || verdict.flipBit) return verdict;
  verdict.halfFirst = fault_.failure == Failure::HalfWrite;
  const Answer answer = answerOf(fault_.failure, action);
  verdict.code = fault_.sqliteCode != 0 ? fault_.sqliteCode : answer.code;
  lastErrno() = fault_.sqliteCode != 0 ? 0 : answer.error;
  return verdict;
}

}  // namespace holdfast::testing
