#include "bench_transactions/reading_race.hpp"

#include <thread>
#include <utility>

#include "support/process_facts.hpp"

namespace bench {

namespace {

constexpr int kBatch = 32;
constexpr std::chrono::milliseconds kPace{1};

}  // namespace

ReadingRace::ReadingRace(std::int64_t rows, std::size_t readers, Writing writing)
    : rows_(rows),
      readers_(readers),
      writing_(writing),
      threads_(readers + 1),
      crew_(writing == Writing::None ? readers : readers + 1) {
  for (std::size_t i = 0; i < threads_.size(); ++i) threads_[i].random = Random(i + 1);
}

void ReadingRace::add(std::string name, const std::string& path, std::unique_ptr<ReadingSide> side) {
  Entry entry{std::move(name), path, std::move(side), {}, {}};
  entry.besides.name = (writing_ == Writing::FlatOut ? "reads a second, " : "commits a second, ") + entry.name;
  entry.logBytes.name = "bytes of the log after a round, " + entry.name;
  entries_.push_back(std::move(entry));
}

Section ReadingRace::run(const std::string& title, const RoundPlan& plan, Progress& progress) {
  std::vector<Contender> contenders;
  for (Entry& entry : entries_) {
    contenders.push_back(
        {entry.name, [this, &entry](std::chrono::nanoseconds duration) { return round(entry, duration); }});
  }
  Section section{title, runRounds(contenders, plan, title, progress), 0, {}};
  if (writing_ == Writing::None) return section;
  for (const Entry& entry : entries_) section.measures.push_back(entry.besides);
  for (const Entry& entry : entries_) section.measures.push_back(entry.logBytes);
  return section;
}

Round ReadingRace::round(Entry& entry, std::chrono::nanoseconds duration) {
  std::uint64_t commits = 0;
  Round done = crew_.run(duration, [&](std::size_t thread, const std::atomic<bool>& stop) {
    if (thread < readers_) return readUntil(stop, *entry.side, thread);
    commits = writeUntil(stop, *entry.side);  // By one thread, and looked at when it is done.
    return std::uint64_t{0};
  });
  std::uint64_t besides = commits;
  if (writing_ == Writing::FlatOut) std::swap(done.operations, besides);
  if (std::exchange(entry.warm, true)) {
    entry.besides.values.push_back(static_cast<double>(besides) / done.seconds);
    entry.logBytes.values.push_back(static_cast<double>(fileBytes(entry.path + "-wal")));
  }
  return done;
}

std::uint64_t ReadingRace::readUntil(const std::atomic<bool>& stop, ReadingSide& side, std::size_t thread) {
  Thread& self = threads_[thread];
  std::uint64_t done = 0;
  for (; !stop.load(std::memory_order_relaxed); done += kBatch) {
    for (int i = 0; i < kBatch; ++i) self.sum += side.read(thread, 1 + self.random.below(rows_));
  }
  return done;
}

std::uint64_t ReadingRace::writeUntil(const std::atomic<bool>& stop, ReadingSide& side) {
  Thread& self = threads_.back();
  std::uint64_t done = 0;
  auto next = std::chrono::steady_clock::now();
  for (; !stop.load(std::memory_order_relaxed); ++done) {
    side.update(1 + self.random.below(rows_));
    // Late commits are caught up with; while the writer sleeps nothing of the side is held.
    if (writing_ == Writing::Paced) std::this_thread::sleep_until(next += kPace);
  }
  return done;
}

}  // namespace bench
