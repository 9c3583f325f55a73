#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "bench_transactions/reading_side.hpp"
#include "support/random.hpp"
#include "support/section.hpp"
#include "support/thread_crew.hpp"

namespace bench {

/// What the writing thread does meanwhile.
enum class Writing {
  None,     ///< Nothing.
  Paced,    ///< 1,000 commits a second. Reads count, commits are told besides.
  FlatOut,  ///< As many commits as it can. Commits count, reads are told besides.
};

/// Lets sides race, in turns on the same threads: some read by key, and one more writes.
class ReadingRace {
 public:
  ReadingRace(std::int64_t rows, std::size_t readers, Writing writing);

  void add(std::string name, const std::string& path, std::unique_ptr<ReadingSide> side);
  /// Runs the rounds: the section with its series and what was told besides.
  Section run(const std::string& title, const RoundPlan& plan, Progress& progress);

 private:
  struct Entry {
    std::string name;
    std::string path;
    std::unique_ptr<ReadingSide> side;
    Measure besides;  ///< A second, of what does not count.
    Measure logBytes;
    bool warm = false;  // The first round does not count.
  };
  /// What a thread keeps from round to round.
  struct alignas(64) Thread {
    Random random{0};
    std::int64_t sum = 0;
  };

  Round round(Entry& entry, std::chrono::nanoseconds duration);
  std::uint64_t readUntil(const std::atomic<bool>& stop, ReadingSide& side, std::size_t thread);
  std::uint64_t writeUntil(const std::atomic<bool>& stop, ReadingSide& side);

  const std::int64_t rows_;
  const std::size_t readers_;
  const Writing writing_;
  std::deque<Entry> entries_;
  std::vector<Thread> threads_;
  ThreadCrew crew_;
};

}  // namespace bench
