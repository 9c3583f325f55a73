#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alarms.hpp"
#include "counters.hpp"
#include "samplers.hpp"

using namespace edge_agent;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kTwoTo32 = std::uint64_t{1} << 32;

/// A moment of the steady clock; only differences count.
SteadyTime at(std::chrono::milliseconds time) { return SteadyTime{} + 1h + time; }

std::optional<double> valueOf(const Batch& batch, std::string_view name) {
  for (const Sample& sample : batch.samples) {
    if (sample.name == name) return sample.value;
  }
  return std::nullopt;
}

std::string diskLine(std::uint64_t reads, std::uint64_t sectorsRead, std::uint64_t sectorsWritten,
                     std::uint64_t busyMs) {
  return " 254       0 vda " + std::to_string(reads) + " 8447 " + std::to_string(sectorsRead) + " 26784 11921 6407 " +
         std::to_string(sectorsWritten) + " 3653 0 " + std::to_string(busyMs) + " 31395 4784 13 143944 936 1187 20\n";
}

std::string networkText(std::uint64_t rxBytes, std::uint64_t txBytes) {
  return "Inter-|   Receive                                                |  Transmit\n"
         " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls "
         "carrier compressed\n"
         "    lo:    3319      30    0    0    0     0          0         0     3319      30    0    0    0     0 0 0\n"
         "  eth0:" +
         std::to_string(rxBytes) + "    3867    1    2    0     0          0         0   " + std::to_string(txBytes) +
         "    1816    3    4    0     0       0          0\n";
}

std::vector<Sample> one(double value) { return {{"all.busy", "%", value}}; }

}  // namespace

TEST_SUITE("integration/edge_agent_samplers") {
  TEST_CASE("a core is as busy as the share of its ticks that were neither idle nor waiting for a disk") {
    const auto cpu = makeSampler(Source::Cpu);
    const Batch first =
        cpu->sample("cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 100 0 100 700 100 0 0 0 0 0\nintr 5 1\n", at(0s));
    CHECK(first.empty());

    // 40 ticks later: user 10 (of which guest 10), system 5, softirq 5, idle 15, iowait 5.
    const Batch second = cpu->sample("cpu  110 0 105 715 105 0 5 0 10 0\ncpu0 110 0 105 715 105 0 5 0 10 0\n", at(1s));
    REQUIRE(second.samples.size() == 2);
    CHECK(valueOf(second, "all.busy") == doctest::Approx(50.0));
    CHECK(valueOf(second, "cpu0.busy") == doctest::Approx(50.0));
    CHECK(second.samples[0].unit == "%");
  }

  TEST_CASE("a look within one tick gives no value, and its ticks count in the next") {
    const auto cpu = makeSampler(Source::Cpu);
    cpu->sample("cpu0 0 0 0 0 0 0 0 0\n", at(0ms));
    CHECK(cpu->sample("cpu0 0 0 0 0 0 0 0 0\n", at(5ms)).samples.empty());
    CHECK(valueOf(cpu->sample("cpu0 1 0 0 3 0 0 0 0\n", at(40ms)), "cpu0.busy") == doctest::Approx(25.0));
  }

  TEST_CASE("a fall of the iowait ticks, which the kernel allows, is not a busy core") {
    const auto cpu = makeSampler(Source::Cpu);
    cpu->sample("cpu0 0 0 0 100 50 0 0 0\n", at(0s));
    // idle + 30, iowait - 10: twenty ticks in all, none of them busy.
    CHECK(valueOf(cpu->sample("cpu0 0 0 0 130 40 0 0 0\n", at(1s)), "cpu0.busy") == doctest::Approx(0.0));
    // All ticks fell: the core was away. No value, and the next one counts from here.
    CHECK(cpu->sample("cpu0 0 0 0 10 0 0 0 0\n", at(2s)).samples.empty());
    CHECK(valueOf(cpu->sample("cpu0 10 0 0 10 0 0 0 0\n", at(3s)), "cpu0.busy") == doctest::Approx(100.0));
  }

  TEST_CASE("memory is counted in bytes and what is missing in the text is left out") {
    const auto memory = makeSampler(Source::Memory);
    const Batch batch = memory->sample(
        "MemTotal:       1000 kB\nMemFree:  1 kB\nMemAvailable:    250 kB\nCached: 12 kB\nSwapTotal: 100 kB\n"
        "SwapFree: 60 kB\nHugePages_Total:       0\n",
        at(0s));
    CHECK(valueOf(batch, "used") == doctest::Approx(75.0));
    CHECK(valueOf(batch, "available") == doctest::Approx(250.0 * 1024));
    CHECK(valueOf(batch, "cached") == doctest::Approx(12.0 * 1024));
    CHECK(valueOf(batch, "swap_used") == doctest::Approx(40.0 * 1024));
    CHECK_FALSE(valueOf(batch, "dirty").has_value());
  }

  TEST_CASE("a disk's sectors become bytes a second and its busy time a percentage") {
    const auto disk = makeSampler(Source::Disk, {"loop*"});
    disk->sample("   7       0 loop0 5 0 5 0 5 0 5 0 0 0 0\n" + diskLine(100, 1000, 5000, 200), at(0ms));
    const Batch batch =
        disk->sample("   7       0 loop0 9 0 9 0 9 0 9 0 0 0 0\n" + diskLine(150, 3000, 5000, 325), at(500ms));
    CHECK(valueOf(batch, "vda.reads") == doctest::Approx(100.0));
    CHECK(valueOf(batch, "vda.read") == doctest::Approx(2000 * 512 / 0.5));
    CHECK(valueOf(batch, "vda.written") == doctest::Approx(0.0));
    CHECK(valueOf(batch, "vda.busy") == doctest::Approx(25.0));
    CHECK_FALSE(valueOf(batch, "loop0.reads").has_value());
  }

  TEST_CASE("a network interface is found behind its headings, with or without a blank after the colon") {
    const auto network = makeSampler(Source::Network, {"lo"});
    network->sample(networkText(1000, 500), at(0s));
    const Batch batch = network->sample(networkText(3000, 700), at(2s));
    CHECK(valueOf(batch, "eth0.rx") == doctest::Approx(1000.0));
    CHECK(valueOf(batch, "eth0.tx") == doctest::Approx(100.0));
    CHECK(valueOf(batch, "eth0.faults") == doctest::Approx(0.0));
    CHECK(batch.samples.size() == 5);
  }

  TEST_CASE("load, temperatures and the process itself are read as they are") {
    const Batch load = makeSampler(Source::Load)->sample("0.46 0.12 0.03 4/105 5409\n", at(0s));
    CHECK(valueOf(load, "15min") == doctest::Approx(0.03));
    CHECK(valueOf(load, "running") == doctest::Approx(4));
    CHECK(valueOf(load, "tasks") == doctest::Approx(105));

    const Batch warm =
        makeSampler(Source::Temperature)->sample("hwmon0.soc.temp1 48250\nthermal_zone0.cpu -500\n", at(0s));
    CHECK(valueOf(warm, "hwmon0.soc.temp1") == doctest::Approx(48.25));
    CHECK(valueOf(warm, "thermal_zone0.cpu") == doctest::Approx(-0.5));

    const auto process = makeSampler(Source::Process);
    const Batch self = process->sample("VmHWM:\t 200 kB\nVmRSS:\t 100 kB\nThreads:\t9\nwrite_bytes: 4096\n", at(0s));
    CHECK(valueOf(self, "rss") == doctest::Approx(102400));
    CHECK(valueOf(self, "threads") == doctest::Approx(9));
    CHECK(valueOf(process->sample("write_bytes: 8192\n", at(2s)), "written") == doctest::Approx(2048));
  }

  TEST_CASE("text that is cut off or no text at all gives no samples and no crash") {
    for (const Source source : kSources) {
      const auto sampler = makeSampler(source);
      for (const char* text : {"", "\n", "cpu", "cpu0 1 2", "eth0:", ":", "MemTotal:", "MemTotal: x kB\n",
                               " 254 0 vda 1", "0.1", "a/b", "cpu0 99999999999999999999999 1 1 1 1\n"}) {
        const Batch batch = sampler->sample(text, at(0s));
        for (const Sample& sample : batch.samples) CHECK_FALSE(sample.name.empty());
      }
    }
  }
}

TEST_SUITE("integration/edge_agent_counters") {
  TEST_CASE("a 32-bit counter that passes its end goes on counting") {
    const CounterChange change = judgeCounter(kTwoTo32 - 1000, 500, 1.0, 1e6);
    CHECK(change.step == CounterStep::Wrapped);
    CHECK(change.increase == 1500);
  }

  TEST_CASE("a counter that fell further than it could have counted was reset") {
    CHECK(judgeCounter(kTwoTo32 - 1000, 500, 1.0, 1000).step == CounterStep::Reset);
    CHECK(judgeCounter(2'000'000, 5, 3600.0, 1e9).step == CounterStep::Reset);
    CHECK(judgeCounter(kTwoTo32, 5, 1.0, 1e9).step == CounterStep::Reset);  // Wider than 32 bits.
    CHECK(judgeCounter(7, 7, 1.0, 1).step == CounterStep::Forward);
  }

  TEST_CASE("a wrapped interface has its true rate, a reset one a gap, and both are on record") {
    const auto network = makeSampler(Source::Network, {"lo"});
    network->sample(networkText(kTwoTo32 - 1000, 900'000), at(0s));
    const Batch batch = network->sample(networkText(1000, 400), at(2s));
    CHECK(valueOf(batch, "eth0.rx") == doctest::Approx(1000.0));
    CHECK_FALSE(valueOf(batch, "eth0.tx").has_value());
    REQUIRE(batch.discontinuities.size() == 2);
    CHECK(batch.discontinuities[0].name == "eth0.rx");
    CHECK(batch.discontinuities[0].unit == "B/s");
    CHECK(batch.discontinuities[0].step == CounterStep::Wrapped);
    CHECK(batch.discontinuities[1].step == CounterStep::Reset);
    CHECK(batch.discontinuities[1].before == 900'000);
    CHECK(batch.discontinuities[1].after == 400);

    CHECK(valueOf(network->sample(networkText(1000, 600), at(3s)), "eth0.tx") == doctest::Approx(200.0));
  }

  TEST_CASE("a device that was away for minutes starts again from a baseline") {
    const auto network = makeSampler(Source::Network, {"lo"});
    network->sample(networkText(1000, 1000), at(0s));
    network->sample("", at(6min));
    CHECK(network->sample(networkText(90'000, 90'000), at(7min)).samples.empty());
  }
}

TEST_SUITE("integration/edge_agent_alarms") {
  const AlarmRule kHot{.name = "hot", .series = "cpu/*.busy", .threshold = 90, .hold = 3s, .hysteresis = 10};

  TEST_CASE("an alarm is raised only once the value was beyond the threshold for the whole hold time") {
    AlarmTracker alarms(Source::Cpu, {kHot});
    CHECK(alarms.observe(one(95), at(0s)).empty());
    CHECK(alarms.observe(one(95), at(2s)).empty());
    CHECK(alarms.observe(one(90), at(2500ms)).empty());  // A moment at the threshold starts the wait again.
    CHECK(alarms.observe(one(95), at(3s)).empty());
    CHECK(alarms.observe(one(96), at(5999ms)).empty());
    const auto raised = alarms.observe(one(97), at(6s));
    REQUIRE(raised.size() == 1);
    CHECK(raised[0].kind == AlarmTransition::Kind::Raised);
    CHECK(raised[0].rule == "hot");
    CHECK(raised[0].series == "all.busy");
    CHECK(raised[0].value == doctest::Approx(97));
    CHECK(alarms.observe(one(99), at(20s)).empty());  // Once, not at every look.
    CHECK(alarms.raised() == 1);
  }

  TEST_CASE("a value that trembles around the threshold raises one alarm, which clears behind the hysteresis") {
    AlarmRule rule = kHot;
    rule.hold = 0s;
    AlarmTracker alarms(Source::Cpu, {rule});
    CHECK(alarms.observe(one(91), at(0s)).size() == 1);
    for (int i = 1; i < 100; ++i) CHECK(alarms.observe(one(i % 2 == 0 ? 91 : 80.1), at(i * 1s)).empty());
    const auto cleared = alarms.observe(one(80), at(100s));
    REQUIRE(cleared.size() == 1);
    CHECK(cleared[0].kind == AlarmTransition::Kind::Cleared);
    CHECK(alarms.raised() == 0);
  }

  TEST_CASE("an alarm for too little works the other way round") {
    AlarmTracker alarms(
        Source::Memory,
        {{.name = "low", .series = "memory/all.busy", .side = AlarmSide::Below, .threshold = 10, .hysteresis = 5}});
    CHECK(alarms.observe(one(10), at(0s)).empty());
    CHECK(alarms.observe(one(9), at(1s)).size() == 1);
    CHECK(alarms.observe(one(14), at(2s)).empty());
    CHECK(alarms.observe(one(15), at(3s)).size() == 1);
  }

  TEST_CASE("a copy that is thrown away leaves the transition to be found again") {
    AlarmRule rule = kHot;
    rule.hold = 0s;
    AlarmTracker alarms(Source::Cpu, {rule});
    {
      AlarmTracker attempt = alarms;
      CHECK(attempt.observe(one(95), at(0s)).size() == 1);
    }
    CHECK(alarms.observe(one(95), at(1s)).size() == 1);
  }

  TEST_CASE("an alarm of an earlier run is taken over by its rule and not raised a second time") {
    AlarmTracker alarms(Source::Cpu, {kHot});
    CHECK(alarms.restore("hot", "all.busy"));
    CHECK_FALSE(alarms.restore("gone", "all.busy"));
    CHECK_FALSE(alarms.restore("hot", "frequency"));
    CHECK(alarms.observe(one(99), at(10s)).empty());
    CHECK(alarms.observe(one(10), at(11s)).size() == 1);
  }

  TEST_CASE("rules see only the series that they name") {
    AlarmRule other = kHot;
    other.series = "disk/*.busy";
    other.hold = 0s;
    AlarmTracker alarms(Source::Cpu, {other});
    CHECK(alarms.observe(one(99), at(0s)).empty());
  }
}
