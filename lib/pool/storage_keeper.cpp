#include "pool/storage_keeper.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "connection/connection_impl.hpp"
#include "core/port/files.hpp"
#include "core/steady_clock.hpp"
#include "core/text.hpp"
#include "storage/checkpoint_policy.hpp"

namespace holdfast {
namespace {

#if defined(EDQUOT)
constexpr int kQuotaReached = EDQUOT;
#else
constexpr int kQuotaReached = ENOSPC;
#endif

}  // namespace

std::string StorageKeeper::start(const std::string& path, const StorageLimits& limits) {
  path_ = path;
  ballastPath_ = path + "-ballast";
  askedToReopen_ = false;
  spaceLookedAt_ = {};
  limited_ = limits.any();
  refusals_ = 0;
  {
    const port::LockGuard guard(mutex_);
    states_ = StorageStates(limits);
    reason_.clear();
    state_ = StorageState::Ok;
    provenAt_.reset();
    usedBytes_ = 0;
  }
  provenBy_ = provenCommits_ = 0;
  ballastGivenUp_ = false;
  if (limits.ballast == 0) return {};
  const port::FileIdentity ballast = port::fileIdentity(ballastPath_.c_str());
  if (ballast.error == 0 && ballast.sizeBytes == limits.ballast) return {};
  if (ballast.error == 0) port::removeFile(ballastPath_.c_str());  // Of another size, or cut short while it was made.
  ballastGivenUp_ = true;
  keepBallast({.freeBytes = space().freeBytes});
  return ballastGivenUp_ ? "there is no room for the ballast file \"" + ballastPath_ + "\"" : std::string();
}

std::string StorageKeeper::reason() const {
  const port::LockGuard guard(mutex_);
  return reason_;
}

template <typename Change>
void StorageKeeper::change(Change apply, const std::string& why) noexcept {
  StorageState before = StorageState::Ok;
  StorageState now = StorageState::Ok;
  {
    const port::LockGuard guard(mutex_);
    before = states_.state();
    apply(states_);
    now = states_.state();
    if (now == before) return;
    state_.store(now, std::memory_order_relaxed);
    try {
      reason_ = now == StorageState::Ok ? std::string() : why;
    } catch (const std::bad_alloc&) {
      reason_.clear();
    }
  }
  listener_(now, before, why);
}

void StorageKeeper::admit(Connection& writer, bool mayUseReserve) {
  if (state() == StorageState::Ok && !isSpaceDue() && writer.impl().isInPlace()) return;
  admitSlowly(writer, mayUseReserve);
}

void StorageKeeper::admitSlowly(Connection& writer, bool mayUseReserve) {
  const StorageFacts facts = look(writer);
  if (state() == StorageState::Damaged) {
    throw Error(ErrorCode::Corrupt,
                "the database is damaged, and takes no writes until it is repaired or found sound; reads go on (" +
                    reason() + ")");
  }
  StorageState seen = StorageState::Ok;
  {
    const port::LockGuard guard(mutex_);
    seen = states_.seen();
  }
  if (seen != StorageState::ReadOnly) askedToReopen_ = false;
  if (seen == StorageState::Ok || (seen == StorageState::Full && mayUseReserve)) return;
  refuse(writer, facts, seen);
}

StorageFacts StorageKeeper::look(Connection& writer) {
  Connection::Impl& impl = writer.impl();
  StorageFacts facts;
  facts.gone = !impl.files.lookAtAll();
  facts.usedBytes = impl.files.bytes();
  facts.ballastGivenUp = ballastGivenUp_;
  if (!facts.gone && (limited_ || state() != StorageState::Ok)) {
    spaceLookedAt_ = SteadyClock::now();
    const port::StorageSpace now = space();
    facts.freeBytes = now.freeBytes;
    facts.readOnly = now.readOnly || impl.isReadOnly();
    findRoom(writer, facts);
  }
  std::string why;
  if (facts.gone) why = "the files of the database are not where they were";
  if (facts.readOnly) why = "the file system, or the file, is read-only";
  if (why.empty()) why = shortageText(facts);
  change([&facts](StorageStates& states) { states.look(facts); }, why);
  if (!facts.gone) keepBallast(facts);
  return facts;
}

void StorageKeeper::findRoom(Connection& writer, StorageFacts& facts) {
  if (!limited_ || facts.readOnly) return;
  StorageStates trial;
  {
    const port::LockGuard guard(mutex_);
    trial = states_;
  }
  trial.look(facts);
  if (trial.shortage() == Shortage::None) return;
  Connection::Impl& impl = writer.impl();
  try {
    // The log keeps the size that it had at its longest.
    if (trial.shortage() == Shortage::Quota && checkpointFully(writer, SteadyClock::now() + kCopyPatience).truncated) {
      impl.files.lookAtAll();
      facts.usedBytes = impl.files.bytes();
    }
    facts.unusedBytes = impl.unusedBytes();
  } catch (const Error&) {
    // Then there is no more room than was seen.
  }
}

std::string StorageKeeper::shortageText(const StorageFacts& facts) const {
  const port::LockGuard guard(mutex_);
  const StorageLimits& limits = states_.limits();
  if (limits.quota > 0 && facts.usedBytes - facts.unusedBytes >= limits.quota - limits.quota / 16) {
    return "the database and its log take " + inKibibytes(facts.usedBytes - facts.unusedBytes) + " of " +
           inKibibytes(limits.quota) + " (storageQuota)";
  }
  if (facts.freeBytes < 0) return "writes are possible";
  return inKibibytes(facts.freeBytes) + " are free on the file system, and " + inKibibytes(facts.unusedBytes) +
         " unused in the database; storageReserve is " + inKibibytes(limits.reserve);
}

void StorageKeeper::refuse(Connection& writer, const StorageFacts& facts, StorageState seen) {
  Connection::Impl& impl = writer.impl();
  if (seen == StorageState::Gone) impl.files.raise();
  if (seen == StorageState::Full) {
    refusals_.fetch_add(1, std::memory_order_relaxed);
    const std::string why = shortageText(facts);
    const port::LockGuard guard(mutex_);
    const bool quota = states_.shortage() == Shortage::Quota;
    throw Error(ErrorCode::StorageFull,
                why + ": delete rows with Priority::Control" +
                    (quota ? ", or raise the quota" : ", or make room on the file system") + "; reads go on",
                0, quota ? kQuotaReached : ENOSPC);
  }
  // Once for each write that is tried: where the new handle is the same, that is all.
  const bool handleAlone = impl.isReadOnly() && !space().readOnly;
  askedToReopen_ = handleAlone && !askedToReopen_;
  if (askedToReopen_) {
    impl.broken = true;
    throw Error(ErrorCode::Busy, "the handle was opened while the file was read-only; it is being replaced");
  }
  throw Error(ErrorCode::ReadOnly, "the file system, or the file, is read-only: remount it for writing; reads go on", 0,
              EROFS);
}

void StorageKeeper::noteTrouble(Connection& connection) noexcept {
  const std::optional<Error> trouble = std::exchange(connection.impl().trouble, std::nullopt);
  if (trouble) note(*trouble);
}

void StorageKeeper::note(const Error& error) noexcept {
  const std::optional<StorageState> met = storageStateOf(error);
  if (!met) return;
  const auto meet = [&](StorageStates& states) { states.met(*met); };
  try {
    change(meet, error.what());
  } catch (const std::bad_alloc&) {
    change(meet, {});
  }
}

void StorageKeeper::noteWritten() noexcept {
  if (state() == StorageState::Ok) return;
  change([](StorageStates& states) { states.written(); }, "it could be written");
}

void StorageKeeper::noteRepaired(const std::string& why) noexcept {
  change([](StorageStates& states) { states.repaired(); }, why);
}

void StorageKeeper::review(Connection& writer, Clock::TimePoint now) noexcept {
  try {
    prove(writer, look(writer));
    isProofDue(writer, now, {});
  } catch (const std::exception&) {
    // For want of memory: the next round looks again.
  }
}

bool StorageKeeper::isProofDue(Connection& writer, Clock::TimePoint now, std::chrono::milliseconds interval) noexcept {
  const Connection::Impl& impl = writer.impl();
  // What a handle has committed since it was looked at last, or before that where nobody has looked at it yet.
  const std::uint64_t commits = kHasThreads ? impl.loggedPages.value() : impl.committed.value();
  const bool wrote = commits != (provenBy_ == impl.id ? provenCommits_ : 0);
  provenBy_ = impl.id;
  provenCommits_ = commits;
  const port::LockGuard guard(mutex_);
  usedBytes_ = impl.files.bytes();
  if (wrote) provenAt_ = now;
  return !provenAt_ || states_.needsProof() || now - *provenAt_ >= interval;
}

void StorageKeeper::describe(HealthReport& report, Clock::TimePoint now) const {
  const port::StorageSpace present = space();
  report.freeBytes = present.freeBytes;
  report.totalBytes = present.totalBytes;
  const port::LockGuard guard(mutex_);
  report.storageState = states_.state();
  report.storageReason = reason_;
  report.databaseBytes = usedBytes_;
  if (provenAt_) report.lastWriteAge = std::max(now - *provenAt_, Clock::Duration{0});
}

void StorageKeeper::prove(Connection& writer, const StorageFacts& facts) noexcept {
  // A page may find room where nothing else does.
  constexpr std::int64_t kRoomForAnything = 64 * KiB;
  {
    const port::LockGuard guard(mutex_);
    if (!states_.needsProof() || states_.seen() != StorageState::Ok || states_.isDamaged()) return;
  }
  if (facts.freeBytes >= 0 && facts.freeBytes < kRoomForAnything) return;
  Connection::Impl& impl = writer.impl();
  try {
    impl.overwriteFailedCommit();
    noteWritten();
  } catch (const std::exception&) {
    noteTrouble(writer);
  }
}

void StorageKeeper::keepBallast(const StorageFacts& facts) noexcept {
  bool full = false;
  bool room = false;
  {
    const port::LockGuard guard(mutex_);
    if (states_.limits().ballast == 0) return;
    full = states_.state() == StorageState::Full && states_.shortage() != Shortage::Quota;
    room = states_.hasRoomForBallast(facts.freeBytes);
  }
  if (full && !ballastGivenUp_) ballastGivenUp_ = port::removeFile(ballastPath_.c_str()) == 0;
  if (full || !room || !ballastGivenUp_) return;
  std::int64_t bytes = 0;
  {
    const port::LockGuard guard(mutex_);
    bytes = states_.limits().ballast;
  }
  ballastGivenUp_ = port::occupySpace(ballastPath_.c_str(), bytes) != 0;
}

}  // namespace holdfast
