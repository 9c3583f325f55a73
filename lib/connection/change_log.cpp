#include "connection/change_log.hpp"

#include <algorithm>
#include <bit>

namespace holdfast {
namespace {

// The header of the index: two copies of 48 bytes, in the machine's byte order.
constexpr std::size_t kFormat = 0;
constexpr std::size_t kSecondCopy = 12;  // In words of four bytes.
constexpr std::uint32_t kKnownFormat = 3'007'000;
constexpr int kRegionBytes = 32'768;  // As SQLite maps it.

// Only of a handle that uses a log: on another one SQLite would never give back what asking for the index takes.
const std::uint32_t* secondHeaderOf(sqlite3* handle) noexcept {
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK) return nullptr;
  if (file->pMethods == nullptr || file->pMethods->iVersion < 2) return nullptr;
  sqlite3_exec(handle, "PRAGMA schema_version", nullptr, nullptr, nullptr);  // The first read maps the index.
  void volatile* region = nullptr;
  // Not to be extended: where it is not there, it is not shared.
  if (file->pMethods->xShmMap(file, 0, kRegionBytes, 0, &region) != SQLITE_OK || region == nullptr) return nullptr;
  const auto* words = static_cast<const std::uint32_t*>(const_cast<const void*>(region));
  return words[kFormat] == kKnownFormat && words[kSecondCopy] == kKnownFormat ? words + kSecondCopy : nullptr;
}

}  // namespace

std::int64_t ChangeLog::bytes() const {
  const port::LockGuard guard(namesMutex_);
  std::size_t bytes = sizeof(*this) + names_.capacity() * sizeof(std::string);
  for (const std::string& name : names_) bytes += name.size();
  return static_cast<std::int64_t>(bytes);
}

TableSet ChangeLog::bitOf(std::string_view table) {
  const port::LockGuard guard(namesMutex_);
  // As SQLite compares names: ASCII letters in either case are the same.
  const auto found = std::find_if(names_.begin(), names_.end(), [table](const std::string& name) {
    return name.size() == table.size() &&
           sqlite3_strnicmp(name.data(), table.data(), static_cast<int>(table.size())) == 0;
  });
  const auto at = static_cast<std::size_t>(found - names_.begin());
  if (found == names_.end() && at < kBits - 1) names_.emplace_back(table);
  return TableSet{1} << std::min(at, kBits - 1);
}

void ChangeLog::attach(sqlite3* writer, bool usesLog) noexcept {
  endReading();
  writer_ = writer;
  const std::uint32_t* header = usesLog ? secondHeaderOf(writer) : nullptr;
  {
    const port::LockGuard guard(foreignMutex_);
    epoch_.fetch_add(1);
    if (header != nullptr) {
      foreign_ = read(header + kCounter) - own_;
      frames_ = read(header + kFrames);
    }
    header_ = header;
  }
  listener_.tablesChanged(kAllTables);
}

void ChangeLog::detach(sqlite3* writer) noexcept {
  if (writer_ != writer) return;
  writer_ = nullptr;
  endReading();
}

void ChangeLog::endReading() noexcept {
  header_ = nullptr;
  const port::LockGuard guard(gatesMutex_);
  for (Gate* gate : gates_) gate->pass();
}

void ChangeLog::beginCommit(TableSet tables) noexcept {
  advance(tables);
  // Nothing that follows comes before it: all of it is visible to whoever sees the commit in the index.
  commits_.fetch_add(1, std::memory_order_acq_rel);
}

void ChangeLog::endCommit(TableSet tables, std::uint32_t logged, std::uint32_t frames) noexcept {
  if (logged > 0) frames_.store(frames, std::memory_order_release);
  own_.store(own_.load(std::memory_order_relaxed) + logged, std::memory_order_release);
  advance(tables);
  commits_.store(commits_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  if (tables != 0) listener_.tablesChanged(tables);
}

void ChangeLog::lookForForeignCommits() noexcept {
  {
    const port::LockGuard guard(foreignMutex_);
    const std::uint32_t* header = header_.load();
    const std::uint32_t before = commits_.load();
    if (header == nullptr || before % 2 != 0) return;
    const std::uint32_t foreign = read(header + kCounter) - own_.load();
    const std::uint32_t frames = read(header + kFrames);
    // Not where there was a COMMIT of our own meanwhile: perhaps only one of the two numbers counts it.
    if (commits_.load() != before || (foreign == foreign_.load() && frames == frames_.load())) return;
    epoch_.fetch_add(1);  // Before what makes the versions known again.
    foreign_ = foreign;
    frames_ = frames;
  }
  listener_.tablesChanged(kAllTables);
}

void ChangeLog::add(Gate& gate) {
  const port::LockGuard guard(gatesMutex_);
  gates_.push_back(&gate);
}

void ChangeLog::remove(Gate& gate) noexcept {
  const port::LockGuard guard(gatesMutex_);
  std::erase(gates_, &gate);
}

void ChangeLog::advance(TableSet tables) noexcept {
  for (TableSet rest = tables; rest != 0; rest &= rest - 1) {
    std::atomic<std::uint64_t>& version = versions_[static_cast<std::size_t>(std::countr_zero(rest))];
    version.store(version.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
}

}  // namespace holdfast
