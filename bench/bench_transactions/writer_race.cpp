#include "bench_transactions/writer_race.hpp"

#include <algorithm>
#include <utility>

namespace bench {

void WriterRace::add(std::string name, std::unique_ptr<RowWriter> writer) {
  if (writer == nullptr) return;
  entries_.push_back({std::move(writer), {std::move(name), {}, {}}});
}

std::vector<Contender> WriterRace::contenders() {
  std::vector<Contender> all;
  for (Entry& entry : entries_) {
    all.push_back(
        {entry.waits.name, [this, &entry](std::chrono::nanoseconds duration) { return round(entry, duration); }});
  }
  return all;
}

std::vector<Waits> WriterRace::waits() const {
  std::vector<Waits> all;
  for (const Entry& entry : entries_) all.push_back(entry.waits);
  return all;
}

std::uint64_t WriterRace::rowsOfLastRound() const noexcept {
  std::uint64_t rows = 0;
  for (const LatencyHistogram& latency : latencies_) rows += latency.count();
  return rows;
}

Round WriterRace::round(Entry& entry, std::chrono::nanoseconds duration) {
  std::fill(latencies_.begin(), latencies_.end(), LatencyHistogram());
  Round done = crew_.run(duration, [&](std::size_t thread, const std::atomic<bool>& stop) {
    return entry.writer->write(thread, stop, latencies_[thread]);
  });
  // Rows count up to the end of the round. Who waits in SQLite's busy handler then gets the lock up to seconds later,
  // as all wake at once and one of them succeeds; that would make bare handles look slower than they are.
  done.seconds = std::chrono::duration<double>(duration).count();
  if (!std::exchange(entry.warm, true)) return done;
  std::chrono::nanoseconds worst{0};
  for (const LatencyHistogram& latency : latencies_) {
    entry.waits.all.merge(latency);
    worst = std::max(worst, latency.max());
  }
  entry.waits.worst.push_back(static_cast<double>(worst.count()));
  return done;
}

}  // namespace bench
