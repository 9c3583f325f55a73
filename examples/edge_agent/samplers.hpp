#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "counters.hpp"

namespace edge_agent {

/// The groups of series. Each is read from one text, at an interval of its own. The numbers are stored.
enum class Source : std::uint8_t { Cpu = 1, Memory, Disk, Network, Load, Temperature, Process };

inline constexpr std::array kSources{Source::Cpu,  Source::Memory,      Source::Disk,   Source::Network,
                                     Source::Load, Source::Temperature, Source::Process};

/// "cpu", "memory", ...: as in the configuration and in the database.
std::string_view nameOf(Source source) noexcept;

/// One value of one series.
struct Sample {
  std::string name;  ///< Unique in its source, such as "eth0.rx".
  std::string_view unit;
  double value = 0;
};

/// A counter that fell. Stored beside the readings, so that a gap in a series (Reset), or a reading that was computed
/// over a wrap, can be told from a fault of the agent.
struct Discontinuity {
  std::string name;
  std::string_view unit;
  CounterStep step = CounterStep::Reset;
  std::uint64_t before = 0;
  std::uint64_t after = 0;
};

/// What one look at a source gave: stored as a whole or not at all.
struct Batch {
  std::vector<Sample> samples;
  std::vector<Discontinuity> discontinuities;
  bool empty() const noexcept { return samples.empty() && discontinuities.empty(); }
};

/// Makes samples of a source's text. Pure: the text and the time come from outside. Rates need two looks, so the first
/// batch may be empty; a line that cannot be understood is left out.
class Sampler {
 public:
  virtual ~Sampler() = default;
  virtual Batch sample(std::string_view text, SteadyTime at) = 0;
};

/// `ignore`: shell patterns of devices to leave out, such as "loop*". Only disks and networks have devices.
///
/// | source      | text                                  | series                                                  |
/// | ----------- | ------------------------------------- | ------------------------------------------------------- |
/// | cpu         | /proc/stat                            | all.busy, cpu0.busy ... %                               |
/// | memory      | /proc/meminfo                         | used %; available, cached, dirty, swap_used B           |
/// | disk        | /proc/diskstats                       | vda.read, .written B/s; .reads, .writes 1/s; .busy %    |
/// | network     | /proc/net/dev                         | eth0.rx, .tx B/s; .rx_packets, .tx_packets, .faults 1/s |
/// | load        | /proc/loadavg                         | 1min, 5min, 15min; running, tasks                       |
/// | temperature | lines "NAME MILLIDEGREES"             | NAME degC                                               |
/// | process     | /proc/self/status, then /proc/self/io | rss, rss_peak B; threads; written B/s                   |
std::unique_ptr<Sampler> makeSampler(Source source, std::vector<std::string> ignore = {});

}  // namespace edge_agent
