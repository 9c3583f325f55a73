#include "storage/commit_note.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <span>

#include "connection/connection_impl.hpp"
#include "connection/page_checks.hpp"
#include "core/port/files.hpp"
#include "core/port/storage.hpp"

namespace holdfast {
namespace {

constexpr std::uint64_t kNoteMagic = 0x3165746f6e66680a;

/// As it lies in the file, in the byte order of this machine.
struct Note {
  std::uint64_t magic = kNoteMagic;
  std::uint64_t number = 0;
  std::uint64_t counter = 0;
  std::uint64_t check = 0;

  std::uint64_t checkOfRest() const noexcept {
    std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, by words.
    for (const std::uint64_t word : {magic, number, counter}) hash = (hash ^ word) * 0x100000001b3;
    return hash;
  }
};
using NoteBytes = std::array<std::byte, CommitNote::kRecordBytes>;
static_assert(sizeof(Note) <= CommitNote::kRecordBytes);

std::uint64_t commitsOf(const Connection::Impl& writer) noexcept {
  return kHasThreads ? writer.loggedPages.value() : writer.committed.value();
}

}  // namespace

bool CommitNote::load() {
  std::string content;
  if (port::readSmallFile(path_, 2 * kSlotBytes, content) != 0) return false;
  bool found = false;
  for (std::size_t at = 0; at + sizeof(Note) <= content.size(); at += kSlotBytes) {
    Note note;
    std::memcpy(&note, content.data() + at, sizeof note);
    if (note.magic != kNoteMagic || note.check != note.checkOfRest() || note.number < record_) continue;
    found = true;
    record_ = note.number;
    counter_ = static_cast<std::uint32_t>(note.counter);
  }
  return found;
}

std::uint32_t CommitNote::start(const std::string& databasePath, std::chrono::milliseconds interval, bool replaced,
                                Connection& writer, Clock::TimePoint now) {
  interval_ = interval;
  takenAt_ = now;
  record_ = 0;
  handle_ = writer.id();
  commits_ = 0;
  if (interval.count() == 0) return 0;
  path_ = databasePath + "-commits";
  stale_ = !load() || replaced;
  if (stale_) return 0;
  readPragma(writer.impl().handle, "PRAGMA schema_version");  // Now the first page has been read, wherever it is.
  const std::uint32_t missing = counter_ - pageChecksOf(writer.impl().handle)->changeCounter;
  constexpr std::uint32_t kHalfRound = 1U << 31U;  // The counter begins anew one day.
  if (missing == 0 || missing >= kHalfRound) return 0;
  stale_ = true;
  return missing;
}

bool CommitNote::hasNews(Connection& writer) const noexcept {
  return stale_ || commitsOf(writer.impl()) != (handle_ == writer.id() ? commits_ : 0);
}

void CommitNote::review(Connection& writer, Clock::TimePoint now) noexcept {
  if (interval_.count() == 0) return;
  stale_ = hasNews(writer);  // Another handle may have taken its place by then.
  if (!stale_ || now - takenAt_ < interval_) return;
  takenAt_ = now;
  take(writer);
}

void CommitNote::stop(Connection& writer) noexcept {
  if (interval_.count() != 0 && hasNews(writer)) take(writer);
}

void CommitNote::take(Connection& writer) noexcept {
  try {
    Connection::Impl& impl = writer.impl();
    // With a log SQLite counts on from what it has read, and not from what it wrote itself.
    impl.dropView();
    impl.releasePages();
    impl.overwriteFailedCommit();
    Note note;
    note.number = record_ + 1;
    note.counter = pageChecksOf(impl.handle)->changeCounter;
    note.check = note.checkOfRest();
    NoteBytes bytes{};
    std::memcpy(bytes.data(), &note, sizeof note);
    const auto slot = static_cast<std::int64_t>(note.number % 2) * kSlotBytes;
    if (port::writeDurably(path_.c_str(), slot, bytes) != 0) return;
    if (impl.profile.vfs != nullptr) impl.profile.vfs->addOther(kRecordBytes, 1);
    record_ = note.number;
    stale_ = false;
    handle_ = writer.id();
    commits_ = commitsOf(impl);
  } catch (const std::exception&) {
    stale_ = true;  // The next round tries again.
  }
}

}  // namespace holdfast
