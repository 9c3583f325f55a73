#include "samplers.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

namespace edge_agent {
namespace {

// Above these a fallen counter cannot have wrapped within one interval: 40 Gbit/s, and 10 million events a second.
constexpr double kPlausibleBytes = 5e9;
constexpr double kPlausibleEvents = 1e7;
// /proc/diskstats counts in these, whatever the device's own sector is.
constexpr std::uint64_t kSectorBytes = 512;
// Devices that were not seen for so long have gone.
constexpr auto kForgetAfter = std::chrono::minutes{5};

std::string_view takeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::string_view takeWord(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(word.size());
  return word;
}

template <typename T>
std::optional<T> parse(std::string_view word) {
  T value{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

/// The unsigned numbers that follow, up to the first word that is none.
std::vector<std::uint64_t> numbersOf(std::string_view line) {
  std::vector<std::uint64_t> numbers;
  while (const auto number = parse<std::uint64_t>(takeWord(line))) numbers.push_back(*number);
  return numbers;
}

/// "Name:   123 kB" lines, by name without the colon.
std::map<std::string, std::uint64_t, std::less<>> fieldsOf(std::string_view text) {
  std::map<std::string, std::uint64_t, std::less<>> fields;
  while (!text.empty()) {
    std::string_view line = takeLine(text);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view rest = line.substr(colon + 1);
    if (const auto number = parse<std::uint64_t>(takeWord(rest))) {
      const bool inKibibytes = takeWord(rest) == "kB";
      fields[std::string(line.substr(0, colon))] = inKibibytes ? *number * 1024 : *number;
    }
  }
  return fields;
}

bool isIgnored(const std::vector<std::string>& patterns, std::string_view device) {
  const std::string name(device);
  return std::any_of(patterns.begin(), patterns.end(),
                     [&name](const std::string& pattern) { return fnmatch(pattern.c_str(), name.c_str(), 0) == 0; });
}

/// Collects the rates of one look.
class RateBatch {
 public:
  RateBatch(CounterRates& rates, SteadyTime at) : rates_(rates), at_(at) {}

  void add(std::string name, std::string_view unit, std::uint64_t counter, double plausible, double factor = 1) {
    const CounterRates::Rate rate = rates_.rate(name, counter, at_, plausible);
    if (rate.step != CounterStep::Forward) {
      batch_.discontinuities.push_back({name, unit, rate.step, rate.before, counter});
    }
    if (rate.perSecond) batch_.samples.push_back({std::move(name), unit, *rate.perSecond * factor});
  }
  Batch take() {
    rates_.forgetOlderThan(at_ - kForgetAfter);
    return std::move(batch_);
  }

 private:
  CounterRates& rates_;
  SteadyTime at_;
  Batch batch_;
};

class CpuSampler final : public Sampler {
 public:
  Batch sample(std::string_view text, SteadyTime /*at*/) override {
    Batch batch;
    while (!text.empty()) {
      std::string_view line = takeLine(text);
      const std::string_view label = takeWord(line);
      if (!label.starts_with("cpu")) continue;
      const std::vector<std::uint64_t> ticks = numbersOf(line);
      if (ticks.size() < 5) continue;
      const std::string name = label == "cpu" ? "all.busy" : std::string(label) + ".busy";
      if (const auto busy = busyPercent(name, ticks)) batch.samples.push_back({name, "%", *busy});
    }
    return batch;
  }

 private:
  struct Ticks {
    std::uint64_t idle = 0;
    std::uint64_t total = 0;
  };

  // user nice system idle iowait irq softirq steal; guest times, which follow, are contained in user and nice. The
  // kernel's own description says that iowait may fall, so a fall is "nothing has passed" here and no reset.
  std::optional<double> busyPercent(const std::string& name, const std::vector<std::uint64_t>& ticks) {
    Ticks now{.idle = ticks[3] + ticks[4]};
    for (std::size_t i = 0; i < std::min<std::size_t>(ticks.size(), 8); ++i) now.total += ticks[i];
    const auto [entry, isNew] = before_.try_emplace(name, now);
    if (isNew || now.total == entry->second.total) return std::nullopt;  // Shorter than one tick: look again later.
    const Ticks before = std::exchange(entry->second, now);
    if (now.total < before.total) return std::nullopt;
    const double total = static_cast<double>(now.total - before.total);
    const double idle = now.idle > before.idle ? static_cast<double>(now.idle - before.idle) : 0.0;
    return std::clamp(100.0 * (total - idle) / total, 0.0, 100.0);
  }

  std::map<std::string, Ticks> before_;
};

class MemorySampler final : public Sampler {
 public:
  Batch sample(std::string_view text, SteadyTime /*at*/) override {
    Batch batch;
    const auto fields = fieldsOf(text);
    const auto total = fields.find("MemTotal");
    const auto available = fields.find("MemAvailable");
    if (total != fields.end() && available != fields.end() && total->second > 0) {
      const double share = static_cast<double>(available->second) / static_cast<double>(total->second);
      batch.samples.push_back({"used", "%", 100.0 * (1.0 - share)});
    }
    for (const auto& [name, field] :
         {std::pair{"available", "MemAvailable"}, {"cached", "Cached"}, {"dirty", "Dirty"}}) {
      const auto found = fields.find(std::string_view(field));
      if (found != fields.end()) batch.samples.push_back({name, "B", static_cast<double>(found->second)});
    }
    const auto swapTotal = fields.find("SwapTotal");
    const auto swapFree = fields.find("SwapFree");
    if (swapTotal != fields.end() && swapFree != fields.end() && swapTotal->second >= swapFree->second) {
      batch.samples.push_back({"swap_used", "B", static_cast<double>(swapTotal->second - swapFree->second)});
    }
    return batch;
  }
};

class DiskSampler final : public Sampler {
 public:
  explicit DiskSampler(std::vector<std::string> ignore) : ignore_(std::move(ignore)) {}

  Batch sample(std::string_view text, SteadyTime at) override {
    RateBatch batch(rates_, at);
    while (!text.empty()) {
      std::string_view line = takeLine(text);
      takeWord(line);  // major
      takeWord(line);  // minor
      const std::string device(takeWord(line));
      // reads merged sectors ms, writes merged sectors ms, in flight, ms busy, ...
      const std::vector<std::uint64_t> fields = numbersOf(line);
      if (device.empty() || fields.size() < 10 || isIgnored(ignore_, device)) continue;
      batch.add(device + ".reads", "1/s", fields[0], kPlausibleEvents);
      batch.add(device + ".read", "B/s", fields[2], kPlausibleBytes / kSectorBytes, kSectorBytes);
      batch.add(device + ".writes", "1/s", fields[4], kPlausibleEvents);
      batch.add(device + ".written", "B/s", fields[6], kPlausibleBytes / kSectorBytes, kSectorBytes);
      batch.add(device + ".busy", "%", fields[9], 1e4, 0.1);  // ms a second
    }
    return batch.take();
  }

 private:
  std::vector<std::string> ignore_;
  CounterRates rates_;
};

class NetworkSampler final : public Sampler {
 public:
  explicit NetworkSampler(std::vector<std::string> ignore) : ignore_(std::move(ignore)) {}

  Batch sample(std::string_view text, SteadyTime at) override {
    RateBatch batch(rates_, at);
    while (!text.empty()) {
      std::string_view line = takeLine(text);
      const std::size_t colon = line.rfind(':');  // Aliases ("eth0:1") have one in their name.
      if (colon == std::string_view::npos) continue;
      std::string_view name = line.substr(0, colon);
      const std::string device(takeWord(name));
      // rx: bytes packets errs drop fifo frame compressed multicast; tx: bytes packets errs drop ...
      const std::vector<std::uint64_t> fields = numbersOf(line.substr(colon + 1));
      if (device.empty() || fields.size() < 12 || isIgnored(ignore_, device)) continue;
      batch.add(device + ".rx", "B/s", fields[0], kPlausibleBytes);
      batch.add(device + ".rx_packets", "1/s", fields[1], kPlausibleEvents);
      batch.add(device + ".tx", "B/s", fields[8], kPlausibleBytes);
      batch.add(device + ".tx_packets", "1/s", fields[9], kPlausibleEvents);
      batch.add(device + ".faults", "1/s", fields[2] + fields[3] + fields[10] + fields[11], kPlausibleEvents);
    }
    return batch.take();
  }

 private:
  std::vector<std::string> ignore_;
  CounterRates rates_;
};

class LoadSampler final : public Sampler {
 public:
  Batch sample(std::string_view text, SteadyTime /*at*/) override {
    Batch batch;
    std::string_view line = takeLine(text);
    for (const char* name : {"1min", "5min", "15min"}) {
      if (const auto load = parse<double>(takeWord(line))) batch.samples.push_back({name, "", *load});
    }
    const std::string_view tasks = takeWord(line);  // running/all
    const std::size_t slash = tasks.find('/');
    if (slash == std::string_view::npos) return batch;
    const auto running = parse<std::uint64_t>(tasks.substr(0, slash));
    const auto all = parse<std::uint64_t>(tasks.substr(slash + 1));
    if (running) batch.samples.push_back({"running", "", static_cast<double>(*running)});
    if (all) batch.samples.push_back({"tasks", "", static_cast<double>(*all)});
    return batch;
  }
};

class TemperatureSampler final : public Sampler {
 public:
  Batch sample(std::string_view text, SteadyTime /*at*/) override {
    Batch batch;
    while (!text.empty()) {
      std::string_view line = takeLine(text);
      const std::string_view name = takeWord(line);
      const auto millidegrees = parse<std::int64_t>(takeWord(line));
      if (millidegrees) batch.samples.push_back({std::string(name), "degC", static_cast<double>(*millidegrees) / 1000});
    }
    return batch;
  }
};

class ProcessSampler final : public Sampler {
 public:
  Batch sample(std::string_view text, SteadyTime at) override {
    const auto fields = fieldsOf(text);
    RateBatch rates(rates_, at);
    const auto written = fields.find("write_bytes");
    if (written != fields.end()) rates.add("written", "B/s", written->second, kPlausibleBytes);
    Batch batch = rates.take();
    for (const auto& [name, field, unit] :
         {std::tuple{"rss", "VmRSS", "B"}, {"rss_peak", "VmHWM", "B"}, {"threads", "Threads", ""}}) {
      const auto found = fields.find(std::string_view(field));
      if (found != fields.end()) batch.samples.push_back({name, unit, static_cast<double>(found->second)});
    }
    return batch;
  }

 private:
  CounterRates rates_;
};

}  // namespace

std::string_view nameOf(Source source) noexcept {
  switch (source) {
    case Source::Cpu: return "cpu";
    case Source::Memory: return "memory";
    case Source::Disk: return "disk";
    case Source::Network: return "network";
    case Source::Load: return "load";
    case Source::Temperature: return "temperature";
    case Source::Process: return "process";
  }
  return "";
}

std::unique_ptr<Sampler> makeSampler(Source source, std::vector<std::string> ignore) {
  switch (source) {
    case Source::Cpu: return std::make_unique<CpuSampler>();
    case Source::Memory: return std::make_unique<MemorySampler>();
    case Source::Disk: return std::make_unique<DiskSampler>(std::move(ignore));
    case Source::Network: return std::make_unique<NetworkSampler>(std::move(ignore));
    case Source::Load: return std::make_unique<LoadSampler>();
    case Source::Temperature: return std::make_unique<TemperatureSampler>();
    case Source::Process: return std::make_unique<ProcessSampler>();
  }
  return nullptr;
}

}  // namespace edge_agent
