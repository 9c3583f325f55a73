#include "storage/flash_ledger.hpp"

#include <cerrno>
#include <memory>
#include <new>
#include <span>

#include <holdfast/error.hpp>

#include "core/port/files.hpp"
#include "core/port/storage.hpp"

namespace holdfast {
namespace {

constexpr std::uint64_t kNever = static_cast<std::uint64_t>(-1);

}  // namespace

void FlashLedger::start(const std::string& databasePath, const FlashLimits& limits, Clock::TimePoint now) {
  vfs_ = CountingVfs::make(limits.careful);
  const port::LockGuard guard(mutex_);
  limits_ = limits;
  path_ = databasePath + "-flash";
  days_ = {};
  seen_ = {};
  seenAt_ = now;
  record_ = 0;
  error_ = 0;
  alertedDay_ = kNever;
  if (limits.keep) load();
  savedBytes_ = days_.total().bytes();
  savedDay_ = days_.day();
  savedAt_ = now;
  running_ = true;
}

void FlashLedger::load() {
  std::string content;
  error_ = port::readSmallFile(path_, 2 * FlashDays::kRecordBytes, content);
  if (error_ == ENOENT) error_ = 0;
  const std::span<const std::byte> bytes = std::as_bytes(std::span(content));
  bool found = bytes.empty();
  for (std::size_t at = 0; at + FlashDays::kRecordBytes <= bytes.size(); at += FlashDays::kRecordBytes) {
    const std::optional<FlashDays::Read> read = FlashDays::read(bytes.subspan(at, FlashDays::kRecordBytes));
    if (!read || read->number < record_) continue;
    found = true;
    record_ = read->number;
    days_ = read->days;
  }
  if (!found && error_ == 0) error_ = EILSEQ;
}

void FlashLedger::takeDown(Clock::TimePoint now) noexcept {
  const FlashFiles writes = vfs_->writes();
  days_.add(writes - seen_, std::chrono::duration_cast<std::chrono::milliseconds>(now - seenAt_));
  seen_ = writes;
  seenAt_ = now;
}

bool FlashLedger::review(Clock::TimePoint now) noexcept {
  const port::LockGuard guard(mutex_);
  const std::uint64_t day = days_.day();
  takeDown(now);
  const bool over = limits_.dailyBudget > 0 && days_.day() == day &&
                    days_.today().bytes() > static_cast<std::uint64_t>(limits_.dailyBudget);
  if (days_.total().bytes() >= savedBytes_ + kBytesBetweenRecords || days_.day() != savedDay_) save();
  if (!over || alertedDay_ == day) return false;
  alertedDay_ = days_.day();
  return true;
}

void FlashLedger::stop(Clock::TimePoint now) noexcept {
  const port::LockGuard guard(mutex_);
  if (!running_) return;
  takeDown(now);
  running_ = false;
  if (days_.total().bytes() != savedBytes_ || now - savedAt_ >= kTimeBetweenRecords) save();
}

void FlashLedger::save() noexcept {
  if (!limits_.keep) return;
  // The record counts itself.
  vfs_->addOther(FlashDays::kRecordBytes, 1);
  takeDown(seenAt_);  // No time has passed.
  const std::unique_ptr<FlashDays::Record> record(new (std::nothrow) FlashDays::Record);
  error_ = ENOMEM;
  if (record == nullptr) return;
  days_.write(*record, record_ + 1);
  const auto slot = static_cast<std::int64_t>((record_ + 1) % 2 * FlashDays::kRecordBytes);
  error_ = port::writeDurably(path_.c_str(), slot, *record);
  savedBytes_ = days_.total().bytes();
  savedDay_ = days_.day();
  savedAt_ = seenAt_;
  if (error_ == 0) ++record_;
}

FlashReport FlashLedger::report(Clock::TimePoint now) {
  const port::LockGuard guard(mutex_);
  if (vfs_ == nullptr) return {};
  if (running_) takeDown(now);
  FlashReport report = days_.report(limits_.endurance, limits_.dailyBudget);
  if (error_ == EILSEQ) {
    report.problem = "\"" + path_ + "\" is no ledger: it was begun anew";
  } else if (error_ != 0) {
    report.problem = "\"" + path_ + "\": " + port::errorText(error_);
  }
  return report;
}

}  // namespace holdfast
