#include "policy/flash_days.hpp"

#include <algorithm>
#include <string_view>

namespace holdfast {
namespace {

constexpr std::string_view kRecordMagic = "holdfast flash 1";
constexpr std::size_t kCheckAt = FlashDays::kRecordBytes - 8;

template <typename Combine>
FlashFiles combined(const FlashFiles& left, const FlashFiles& right, Combine combine) noexcept {
  FlashFiles result;
  for (FlashWrites FlashFiles::*file :
       {&FlashFiles::database, &FlashFiles::log, &FlashFiles::journal, &FlashFiles::other}) {
    (result.*file).bytes = combine((left.*file).bytes, (right.*file).bytes);
    (result.*file).syncs = combine((left.*file).syncs, (right.*file).syncs);
  }
  return result;
}

/// FNV-1a. It finds torn records, not forged ones.
std::uint64_t checkOf(std::span<const std::byte> bytes) noexcept {
  std::uint64_t hash = 14695981039346656037U;
  for (const std::byte byte : bytes) hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 1099511628211U;
  return hash;
}

/// Little-endian on every machine.
class Writer {
 public:
  explicit Writer(std::span<std::byte> to) noexcept : to_(to) {}
  void put(std::uint64_t value) noexcept {
    for (int i = 0; i < 8; ++i) to_[at_++] = static_cast<std::byte>(value >> (8 * i));
  }
  void put(const FlashFiles& files) noexcept {
    for (const FlashWrites& file : {files.database, files.log, files.journal, files.other}) {
      put(file.bytes);
      put(file.syncs);
    }
  }

 private:
  std::span<std::byte> to_;
  std::size_t at_ = 0;
};

class Reader {
 public:
  explicit Reader(std::span<const std::byte> from) noexcept : from_(from) {}
  std::uint64_t number() noexcept {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value |= std::to_integer<std::uint64_t>(from_[at_++]) << (8 * i);
    return value;
  }
  FlashFiles files() noexcept {
    FlashFiles files;
    for (FlashWrites* file : {&files.database, &files.log, &files.journal, &files.other}) {
      file->bytes = number();
      file->syncs = number();
    }
    return files;
  }

 private:
  std::span<const std::byte> from_;
  std::size_t at_ = 0;
};

}  // namespace

FlashFiles operator+(const FlashFiles& left, const FlashFiles& right) noexcept {
  return combined(left, right, [](std::uint64_t a, std::uint64_t b) { return a + b; });
}

FlashFiles operator-(const FlashFiles& now, const FlashFiles& before) noexcept {
  return combined(now, before, [](std::uint64_t a, std::uint64_t b) { return a - std::min(a, b); });
}

void FlashDays::add(const FlashFiles& writes, std::chrono::milliseconds time) noexcept {
  total_ = total_ + writes;
  days_[0] = days_[0] + writes;
  for (dayTime_ += std::max(time, {}); dayTime_ >= kDay; dayTime_ -= kDay) beginDay();
}

void FlashDays::beginDay() noexcept {
  std::copy_backward(days_.begin(), days_.end() - 1, days_.end());
  days_[0] = {};
  kept_ = std::min(kept_ + 1, kDays);
  ++day_;
}

FlashReport FlashDays::report(std::int64_t endurance, std::int64_t dailyBudget) const {
  constexpr std::chrono::milliseconds kLeast = std::chrono::hours{1};
  FlashReport report;
  report.total = total_;
  report.days.assign(days_.begin(), days_.begin() + static_cast<std::ptrdiff_t>(kept_));
  report.dayTime = dayTime_;
  report.runningTime = kDay * static_cast<std::int64_t>(day_) + dayTime_;
  const std::chrono::milliseconds time = kDay * static_cast<std::int64_t>(kept_ - 1) + dayTime_;
  std::uint64_t bytes = 0;
  for (const FlashFiles& files : report.days) bytes += files.bytes();
  if (time >= kLeast) {
    const double days = static_cast<double>(time.count()) / static_cast<double>(kDay.count());
    report.bytesPerDay = static_cast<std::uint64_t>(static_cast<double>(bytes) / days);
  }
  report.dailyBudget = dailyBudget;
  report.overBudget = dailyBudget > 0 && days_[0].bytes() > static_cast<std::uint64_t>(dailyBudget);
  report.endurance = endurance;
  if (endurance <= 0) return report;
  const auto all = static_cast<double>(endurance);
  const auto used = static_cast<double>(total_.bytes());
  report.enduranceUsed = used / all;
  if (report.bytesPerDay > 0) {
    report.daysLeft = std::max(all - used, 0.0) / static_cast<double>(report.bytesPerDay);
  }
  return report;
}

void FlashDays::write(Record& record, std::uint64_t number) const noexcept {
  record.fill(std::byte{0});
  std::transform(kRecordMagic.begin(), kRecordMagic.end(), record.begin(),
                 [](char c) { return static_cast<std::byte>(c); });
  Writer writer{std::span<std::byte>(record).subspan(kRecordMagic.size())};
  writer.put(number);
  writer.put(day_);
  writer.put(static_cast<std::uint64_t>(dayTime_.count()));
  writer.put(kept_);
  writer.put(total_);
  for (const FlashFiles& files : days_) writer.put(files);
  Writer(std::span(record).subspan(kCheckAt)).put(checkOf(std::span(record).first(kCheckAt)));
}

std::optional<FlashDays::Read> FlashDays::read(std::span<const std::byte> record) noexcept {
  if (record.size() != kRecordBytes) return std::nullopt;
  const bool known = std::equal(kRecordMagic.begin(), kRecordMagic.end(), record.begin(),
                                [](char c, std::byte byte) { return static_cast<std::byte>(c) == byte; });
  if (!known || Reader(record.subspan(kCheckAt)).number() != checkOf(record.first(kCheckAt))) return std::nullopt;
  Reader reader{record.subspan(kRecordMagic.size())};
  Read read;
  read.number = reader.number();
  read.days.day_ = reader.number();
  read.days.dayTime_ = std::chrono::milliseconds(static_cast<std::int64_t>(reader.number()));
  read.days.kept_ = std::clamp<std::size_t>(static_cast<std::size_t>(reader.number()), 1, kDays);
  read.days.total_ = reader.files();
  for (FlashFiles& files : read.days.days_) files = reader.files();
  return read;
}

}  // namespace holdfast
