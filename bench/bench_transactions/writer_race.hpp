#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "bench_transactions/row_writer.hpp"
#include "support/section.hpp"
#include "support/thread_crew.hpp"

namespace bench {

/// Lets several ways of writing rows race, in turns on the same threads.
class WriterRace {
 public:
  explicit WriterRace(std::size_t threads) : latencies_(threads), crew_(threads) {}

  /// A writer that is null does not take part.
  void add(std::string name, std::unique_ptr<RowWriter> writer);
  /// For runRounds(); they refer to the race.
  std::vector<Contender> contenders();
  /// What the rounds took that counted, in the order of the contenders.
  std::vector<Waits> waits() const;
  /// All rows of the last round, those that came after its end too.
  std::uint64_t rowsOfLastRound() const noexcept;

 private:
  struct Entry {
    std::unique_ptr<RowWriter> writer;
    Waits waits;
    bool warm = false;  // The first round does not count.
  };
  Round round(Entry& entry, std::chrono::nanoseconds duration);

  std::deque<Entry> entries_;
  std::vector<LatencyHistogram> latencies_;
  ThreadCrew crew_;
};

}  // namespace bench
