#include "memory_stress/monitor.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <holdfast/cache_manager.hpp>

#include "support/process_facts.hpp"
#include "support/text.hpp"

namespace bench {

namespace {

/// A load that completes nothing for so long is stuck, and would keep the program from ever ending.
constexpr double kStuckSeconds = 120;

constexpr std::chrono::milliseconds kInterval{100};
constexpr std::size_t kSamples = 6000;

struct Heap {
  std::int64_t now = 0;
  std::int64_t peak = 0;
};

Heap heapOf(bool resetPeak) {
  sqlite3_int64 now = 0;
  sqlite3_int64 peak = 0;
  sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &now, &peak, resetPeak ? 1 : 0);
  return {now, peak};
}

}  // namespace

Monitor::Monitor(std::string database, std::int64_t limit, std::chrono::milliseconds room, bool quiet)
    : database_(std::move(database)),
      limit_(limit),
      samples_(kSamples),
      stride_(static_cast<std::size_t>(room / kInterval) / kSamples + 1),
      progress_(quiet),
      thread_([this] { loop(); }) {}

Monitor::~Monitor() { finish(); }

void Monitor::begin(const std::string& scenario) {
  const std::lock_guard lock(mutex_);
  ++scenario_;
  scenarioName_ = scenario;
  peakBefore_ = std::max(peakBefore_, heapOf(true).peak);
}

void Monitor::watch(std::shared_ptr<const holdfast::ConnectionPool> pool) {
  const std::lock_guard lock(mutex_);
  pool_ = std::move(pool);
}

void Monitor::started(std::span<const std::unique_ptr<Worker>> workers) {
  const std::lock_guard lock(mutex_);
  workers_ = workers;
  steady_ = true;
  lastOperations_ = 0;
  lastSeconds_ = lastProgress_ = look().seconds;
}

void Monitor::stopping() {
  const std::lock_guard lock(mutex_);
  steady_ = false;
}

void Monitor::stopped() {
  const std::lock_guard lock(mutex_);
  workers_ = {};
}

void Monitor::announce(const std::string& what) {
  const std::lock_guard lock(mutex_);
  progress_.show(what);
}

void Monitor::finish() {
  {
    const std::lock_guard lock(mutex_);
    if (finished_) return;
    finished_ = true;
    progress_.clear();
  }
  wake_.notify_all();
  thread_.join();
}

Sample Monitor::lookNow() const {
  const std::lock_guard lock(mutex_);  // Or else each would count the files that the other reads.
  return look();
}

std::vector<Sample> Monitor::scenarioSamples() const {
  std::vector<Sample> all = samples();
  std::erase_if(all, [this](const Sample& sample) { return sample.scenario != scenario_; });
  return all;
}

std::vector<Sample> Monitor::samples() const {
  const std::lock_guard lock(mutex_);
  return {samples_.begin(), samples_.begin() + static_cast<std::ptrdiff_t>(used_)};
}

std::int64_t Monitor::scenarioHeapPeakBytes() const { return heapOf(false).peak; }

std::int64_t Monitor::heapPeakBytes() const {
  const std::lock_guard lock(mutex_);
  return std::max(peakBefore_, heapOf(false).peak);
}

void Monitor::loop() {
  auto next = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!finished_) {
    takeSample();
    next += kInterval;
    wake_.wait_until(lock, next, [this] { return finished_; });
  }
}

/// Needs the lock, which is also what started() and stopping() take: a sample lies before, inside or after a team.
void Monitor::takeSample() {
  Sample sample = look();
  if (!workers_.empty()) {
    std::uint64_t operations = 0;
    for (const auto& worker : workers_) operations += worker->operations();
    const double elapsed = sample.seconds - lastSeconds_;
    if (elapsed > 0) sample.operationsPerSecond = static_cast<double>(operations - lastOperations_) / elapsed;
    watchProgress(sample, operations);
    lastOperations_ = operations;
    lastSeconds_ = sample.seconds;
    sample.steady = steady_;
    show(sample);
  }
  keep(sample);
}

void Monitor::keep(const Sample& sample) {
  if (looks_++ % stride_ == 0 && used_ < samples_.size()) samples_[used_++] = sample;
}

Sample Monitor::look() const {
  Sample sample;
  sample.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  sample.scenario = scenario_;
  const Heap heap = heapOf(false);
  sample.heapBytes = heap.now;
  sample.heapPeakBytes = heap.peak;
  sample.residentBytes = residentBytes();
  sample.logBytes = fileBytes(database_ + "-wal");
  sample.cacheBytes = holdfast::CacheManager::totalBytes();
  const Descriptors descriptors = openDescriptors();
  sample.descriptors = descriptors.kept;
  sample.temporaryFiles = descriptors.temporary;
  sample.threads = threadCount();
  if (pool_ == nullptr) return sample;
  const holdfast::PoolMetrics metrics = pool_->metrics();
  sample.handles = static_cast<int>(metrics.totalConnections);
  sample.stage = metrics.memoryStage;
  return sample;
}

void Monitor::show(const Sample& sample) {
  const auto bytes = [](std::int64_t value) { return bytesText(static_cast<double>(value)); };
  progress_.show(format(
      "%5.1f s  %-18s %8s op/s  heap %s (peak %s of %s)  %s  resident %s  files %d  threads %d  log %s", sample.seconds,
      scenarioName_.c_str(), rateText(sample.operationsPerSecond).c_str(), bytes(sample.heapBytes).c_str(),
      bytes(sample.heapPeakBytes).c_str(), bytes(limit_).c_str(), std::string(toText(sample.stage)).c_str(),
      bytes(sample.residentBytes).c_str(), sample.descriptors, sample.threads, bytes(sample.logBytes).c_str()));
}

void Monitor::watchProgress(const Sample& sample, std::uint64_t operations) {
  if (operations != lastOperations_) lastProgress_ = sample.seconds;
  if (sample.seconds - lastProgress_ < kStuckSeconds) return;
  std::fprintf(stderr, "\nmemory_stress: %s is stuck: nothing was completed for %.0f s\n", scenarioName_.c_str(),
               kStuckSeconds);
  std::_Exit(1);
}

}  // namespace bench
