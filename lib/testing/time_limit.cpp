#include "testing/time_limit.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <system_error>
#include <utility>

#include <holdfast/testing/allocation_faults.hpp>

namespace holdfast::testing {

using namespace std::chrono_literals;

namespace {

// GCOVR_EXCL_START: the process ends behind it, without writing down what it has counted.
/// The thread that hangs may do so in the middle of an allocation, or on a file system that does not answer: then an
/// alarm ends the process.
void removeWithin(unsigned seconds, const std::string& directory) noexcept {
  AllocationFaults::stop();
  ::alarm(seconds);
  try {
    // Again, where other threads have made files meanwhile.
    std::error_code error;
    for (int attempt = 0; attempt < 3; ++attempt) {
      std::filesystem::remove_all(directory, error);
      if (!error) return;
    }
  } catch (const std::exception&) {  // Of lack of memory: what is there stays.
  }
}
// GCOVR_EXCL_STOP

}  // namespace

TimeLimit::TimeLimit(std::chrono::milliseconds limit, std::string directory)
    : limit_(limit), directory_(std::move(directory)) {
  if (limit.count() > 0) thread_ = std::thread([this] { watch(); });
}

TimeLimit::~TimeLimit() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void TimeLimit::begin(const std::string& point) {
  if (!thread_.joinable()) return;
  const std::lock_guard lock(mutex_);
  point_ = point;
  deadline_ = std::chrono::steady_clock::now() + limit_;
}

void TimeLimit::end() {
  if (!thread_.joinable()) return;
  const std::lock_guard lock(mutex_);
  deadline_ = std::chrono::steady_clock::time_point::max();
}

// It looks now and then, so that a point costs no wake-up.
void TimeLimit::watch() {
  const auto look = std::clamp<std::chrono::milliseconds>(limit_ / 4, 1ms, 200ms);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait_for(lock, look);
    if (stopping_ || std::chrono::steady_clock::now() < deadline_) continue;
    // GCOVR_EXCL_START: the process ends here, without writing down what it has counted.
    std::fprintf(stderr, "hung: %s has taken longer than %lld ms\n", point_.c_str(),
                 static_cast<long long>(limit_.count()));
    std::fflush(stderr);
    constexpr unsigned kSeconds = 10;
    removeWithin(kSeconds, directory_);
    std::_Exit(kExitCode);
    // GCOVR_EXCL_STOP
  }
}

}  // namespace holdfast::testing
