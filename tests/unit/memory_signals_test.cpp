#include "core/port/memory_signals.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "support/temp_directory.hpp"

using holdfast::MemorySignals;
using holdfast::port::readMemorySignals;
using holdfast::test::TempDirectory;

namespace {

/// The files of a system, made up.
struct MadeUpSystem {
  void write(const std::string& path, const std::string& content) const {
    const std::filesystem::path file = root + "/" + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << content;
  }
  MemorySignals read() const { return readMemorySignals(root); }

  TempDirectory directory;
  std::string root = directory.path();
};

}  // namespace

TEST_SUITE("core/memory_signals") {
  TEST_CASE("a system without these files gives no signal") {
    const MadeUpSystem system;
    const MemorySignals signals = system.read();
    CHECK(signals.residentBytes == 0);
    CHECK_FALSE(signals.cgroup.present);
    CHECK_FALSE(signals.stall.present);
  }

  TEST_CASE("files that make no sense give no signal") {
    const MadeUpSystem system;
    system.write("proc/self/statm", "many");
    system.write("proc/self/cgroup", "0::/app\n");
    system.write("sys/fs/cgroup/app/memory.current", "-7\n");
    system.write("proc/pressure/memory", "some avg10=none\nfull total=3\n");
    const MemorySignals signals = system.read();
    CHECK(signals.residentBytes == 0);
    CHECK_FALSE(signals.cgroup.present);
    CHECK_FALSE(signals.stall.present);
    system.write("proc/pressure/memory", "some\n");
    CHECK_FALSE(system.read().stall.present);
  }

  TEST_CASE("resident memory is the second number of statm in pages") {
    const MadeUpSystem system;
    system.write("proc/self/statm", "900 17 3 1 0 5 0\n");
    CHECK(system.read().residentBytes == 17 * sysconf(_SC_PAGESIZE));
  }

  TEST_CASE("the process's own control group is read with its limits and events") {
    const MadeUpSystem system;
    system.write("proc/self/cgroup", "4:memory:/old\n0::/app/worker\n");
    system.write("sys/fs/cgroup/app/worker/memory.current", "5000\n");
    system.write("sys/fs/cgroup/app/worker/memory.high", "8000\n");
    system.write("sys/fs/cgroup/app/worker/memory.max", "max\n");
    system.write("sys/fs/cgroup/app/worker/memory.stat", "anon 1\ninactive_file 1500\nactive_file 3\n");
    system.write("sys/fs/cgroup/app/worker/memory.events", "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\n");
    system.write("sys/fs/cgroup/app/worker/memory.pressure", "some avg10=12.50 avg60=1.00\nfull avg10=3.25\n");
    system.write("proc/pressure/memory", "some avg10=1.00\nfull avg10=0.00\n");
    const MemorySignals signals = system.read();
    REQUIRE(signals.cgroup.present);
    CHECK(signals.cgroup.path == system.root + "/sys/fs/cgroup/app/worker");
    CHECK(signals.cgroup.currentBytes == 5000);
    CHECK(signals.cgroup.workingSetBytes() == 3500);
    CHECK(signals.cgroup.highBytes == 8000);
    CHECK(signals.cgroup.maxBytes == 0);
    CHECK(signals.cgroup.limitBytes() == 8000);
    CHECK(signals.cgroup.highEvents == 2);
    CHECK(signals.cgroup.maxEvents == 3);
    CHECK(signals.cgroup.oomEvents == 4);
    REQUIRE(signals.stall.present);
    CHECK(signals.stall.ofCgroup);
    CHECK(signals.stall.some == doctest::Approx(12.5));
    CHECK(signals.stall.full == doctest::Approx(3.25));
  }

  TEST_CASE("the system's stalls count where the group has none") {
    const MadeUpSystem system;
    system.write("proc/pressure/memory", "some avg10=7.00 avg60=0.00 avg300=0.00 total=9\n");
    const MemorySignals signals = system.read();
    REQUIRE(signals.stall.present);
    CHECK_FALSE(signals.stall.ofCgroup);
    CHECK(signals.stall.some == doctest::Approx(7));
    CHECK(signals.stall.full == doctest::Approx(0));
  }

  TEST_CASE("of the groups around the process the one nearest to its limit counts") {
    const MadeUpSystem system;
    system.write("proc/self/cgroup", "0::/outer/middle/own\n");
    system.write("sys/fs/cgroup/outer/middle/own/memory.current", "100\n");
    system.write("sys/fs/cgroup/outer/middle/memory.current", "500\n");
    system.write("sys/fs/cgroup/outer/middle/memory.max", "1000\n");
    system.write("sys/fs/cgroup/outer/memory.current", "900\n");
    system.write("sys/fs/cgroup/outer/memory.max", "1000\n");
    system.write("sys/fs/cgroup/memory.current", "5000\n");
    CHECK(system.read().cgroup.currentBytes == 900);
    system.write("sys/fs/cgroup/outer/memory.max", "9000\n");
    CHECK(system.read().cgroup.currentBytes == 500);
  }

  TEST_CASE("inside of a container the mount itself is the group") {
    const MadeUpSystem system;
    system.write("proc/self/cgroup", "0::/docker/of-the-host\n");
    system.write("sys/fs/cgroup/memory.current", "42\n");
    system.write("sys/fs/cgroup/memory.max", "100\n");
    CHECK(system.read().cgroup.currentBytes == 42);
    CHECK(system.read().cgroup.limitBytes() == 100);
  }

  TEST_CASE("this process has resident memory") {
    if (std::filesystem::exists("/proc/self/statm")) CHECK(readMemorySignals("").residentBytes > 100'000);
  }
}
