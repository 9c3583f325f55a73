#include "storage/scrub.hpp"

#include <algorithm>

#include "connection/connection_impl.hpp"
#include "connection/raw_pages.hpp"
#include "storage/checkpoint_policy.hpp"

namespace holdfast {

void Scrub::start(std::int64_t bytesPerMinute, Clock::TimePoint now) noexcept {
  bytesPerMinute_ = bytesPerMinute;
  due_ = 0;
  next_ = 1;
  last_ = now;
  pages_ = rounds_ = findings_ = 0;
}

std::optional<Scrub::Finding> Scrub::step(Connection& writer, Clock::TimePoint now) {
  using std::chrono::milliseconds;
  constexpr milliseconds kMinute = std::chrono::minutes{1};
  if (bytesPerMinute_ == 0) return std::nullopt;
  const auto past = std::clamp(std::chrono::duration_cast<milliseconds>(now - last_), milliseconds{0}, kMinute);
  last_ = now;
  due_ += bytesPerMinute_ * past.count() / kMinute.count();
  const std::int64_t pageBytes = writer.impl().profile.pageSize;
  // A page that is larger than all that is read at once is read, too.
  due_ = std::min(due_, std::max(kMostBytesAtOnce, pageBytes));
  const std::int64_t pages = due_ / pageBytes;
  if (pages == 0) return std::nullopt;
  due_ -= pages * pageBytes;
  const std::optional<std::int64_t> suspect = findSuspect(writer, pages);
  return suspect ? confirm(writer, *suspect) : std::nullopt;
}

std::optional<std::int64_t> Scrub::findSuspect(Connection& writer, std::int64_t pages) {
  RawPages file(writer.impl());
  for (; pages > 0; --pages) {
    const RawPages::Look look = file.look(next_);
    if (look == RawPages::Look::End) {
      if (next_ > 1) ++rounds_;
      next_ = 1;
      return std::nullopt;
    }
    ++pages_;
    ++next_;
    if (look != RawPages::Look::Good) return next_ - 1;
  }
  return std::nullopt;
}

// Once the log is in the file nothing is half written any more, unless another process writes: then not each time.
std::optional<Scrub::Finding> Scrub::confirm(Connection& writer, std::int64_t page) {
  constexpr int kLooks = 3;
  if (!checkpointFully(writer, SteadyClock::now() + kCopyPatience).complete) {
    next_ = page;  // Later.
    return std::nullopt;
  }
  RawPages file(writer.impl());
  for (int looks = 0; looks < kLooks; ++looks) {
    const RawPages::Look look = file.look(page);
    if (look == RawPages::Look::Good || look == RawPages::Look::End) return std::nullopt;
  }
  ++findings_;
  Finding finding{file.error()};
  finding.unused = file.isUnused(page);
  return finding;
}

}  // namespace holdfast
