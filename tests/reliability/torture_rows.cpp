#include "reliability/torture_rows.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <holdfast/testing/fault_runs.hpp>

#include "reliability/allocation_run.hpp"
#include "reliability/bit_flip_run.hpp"
#include "reliability/damaged_files.hpp"
#include "reliability/kill_run.hpp"
#include "reliability/ledger.hpp"
#include "reliability/process_run.hpp"
#include "reliability/storage_run.hpp"

namespace holdfast::test {
namespace {

using testing::FaultReport;
using testing::PowerCutOptions;
using testing::Scenario;

std::string oneDecimal(double value) {
  const auto tenths = static_cast<std::int64_t>(value * 10 + 0.5);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

void plan(testing::RunOptions& options, const RowPlan& wanted) {
  options.directory = wanted.directory;
  if (wanted.progress) options.progress = [wanted](const FaultReport& report) { wanted.progress(report.points); };
}

RowResult resultOf(const FaultReport& report) {
  return {report.ok() && report.points > 0, report.points, report.text(), toJson(report)};
}

/// A row of power cuts: `set` changes what is not the default.
std::function<RowResult(const RowPlan&)> cuts(const Scenario& scenario,
                                              const std::function<void(PowerCutOptions&)>& set = {}) {
  return [scenario, set](const RowPlan& wanted) {
    PowerCutOptions options;
    plan(options.run, wanted);
    options.cuts = wanted.points;
    options.seed = wanted.seed;
    if (set) set(options);
    return resultOf(runPowerCuts(scenario, options));
  };
}

/// Whether one point of another scenario is to be replayed: then none of this one.
bool isLeftOut(const std::string& scenario) {
  const char* const point = std::getenv("HOLDFAST_FAULT_POINT");
  return point != nullptr && *point != '\0' && !std::string_view(point).starts_with(scenario + "/");
}

/// Several ledgers in one row, by what is done with each.
RowResult eachOf(
    const std::vector<std::pair<std::string, LedgerOptions>>& ledgers, const RowPlan& wanted,
    const std::function<FaultReport(const std::string&, const LedgerOptions&, const testing::RunOptions&)>& run) {
  RowResult all{true, 0, {}, nlohmann::json::array()};
  for (const auto& [name, options] : ledgers) {
    if (isLeftOut(name)) continue;
    testing::RunOptions planned;
    plan(planned, wanted);
    if (wanted.progress) {
      planned.progress = [&](const FaultReport& report) { wanted.progress(all.points + report.points); };
    }
    const RowResult one = resultOf(run(name, options, planned));
    all.ok = all.ok && one.ok;
    all.points += one.points;
    all.summary += (all.summary.empty() ? "" : "\n    ") + name + ": " + one.summary;
    all.json.push_back(one.json);
  }
  all.ok = all.ok && all.points > 0;
  return all;
}

RowResult failCalls(const RowPlan& wanted) {
  const std::vector<std::pair<std::string, LedgerOptions>> ledgers{
      {"calls1", {.transactions = 5, .heals = true}},
      {"calls3", {.writers = 3, .transactions = 3, .heals = true}},
      {"callsNormal", {.transactions = 5, .durability = Durability::Normal, .heals = true}},
      {"callsOneHandle", {.transactions = 5, .poolSize = 1, .heals = true}}};
  return eachOf(ledgers, wanted, [](const auto& name, const LedgerOptions& options, const testing::RunOptions& run) {
    testing::FailingCallOptions calls;
    calls.run = run;
    calls.failures = {testing::Failure::IoError, testing::Failure::NoSpace, testing::Failure::ReadOnly,
                      testing::Failure::HalfWrite};
    return runFailingCalls(ledger(name, options), calls);
  });
}

RowResult failAllocations(const RowPlan& wanted) {
  const std::vector<std::pair<std::string, LedgerOptions>> ledgers{
      {"allocations", {.transactions = 3, .heals = true}},
      {"allocationsOneHandle", {.transactions = 3, .poolSize = 1, .heals = true}}};
  return eachOf(ledgers, wanted, [](const auto& name, const LedgerOptions& options, const testing::RunOptions& run) {
    return runAllocations(name, options, 1, run);
  });
}

RowResult kill(const RowPlan& wanted) {
  const KillReport report = runKills(static_cast<int>(wanted.points), wanted.seed, [&](const KillReport& soFar) {
    if (wanted.progress) wanted.progress(static_cast<std::uint64_t>(soFar.kills));
  });
  std::vector<double> times = report.recoveryMilliseconds;
  std::sort(times.begin(), times.end());
  const double median = times.empty() ? 0 : times[times.size() / 2];
  const double p99 = times.empty() ? 0 : times[times.size() * 99 / 100];
  constexpr double kLongest = 100;
  RowResult result;
  result.ok = report.ok() && report.slowestRecovery() < kLongest;
  result.points = static_cast<std::uint64_t>(report.kills);
  result.summary = std::to_string(report.acknowledged) + " acknowledged, " + std::to_string(report.sharedCommits) +
                   " shared commits; lost " + std::to_string(report.lost) + ", torn " + std::to_string(report.torn) +
                   ", corrupt " + std::to_string(report.corrupt) + ", phantom " + std::to_string(report.phantom) +
                   ", ended " + std::to_string(report.ended) + "; recovery ms: median " + oneDecimal(median) +
                   ", 99 % " + oneDecimal(p99) + ", slowest " + oneDecimal(report.slowestRecovery());
  result.json = {{"kills", report.kills},     {"acknowledged", report.acknowledged},
                 {"lost", report.lost},       {"torn", report.torn},
                 {"corrupt", report.corrupt}, {"phantom", report.phantom},
                 {"ended", report.ended},     {"recoveryMedianMs", median},
                 {"recovery99Ms", p99},       {"recoverySlowestMs", report.slowestRecovery()}};
  return result;
}

RowResult damagedFiles(const RowPlan& wanted) {
  const DamagedFilesReport report = runDamagedFiles(wanted.points, wanted.seed, wanted.progress);
  RowResult result;
  result.ok = report.ok();
  result.points = report.files;
  result.summary = report.text();
  result.json = {{"files", report.files},
                 {"outcomes", report.outcomes},
                 {"crashed", report.crashed},
                 {"hung", report.hung},
                 {"takenForNew", report.takenForNew},
                 {"bytesLost", report.bytesLost},
                 {"notRestored", report.notRestored},
                 {"leftDamaged", report.leftDamaged},
                 {"wrongly", report.wrongly},
                 {"unnoticed", report.unnoticed},
                 {"faults", report.faults}};
  return result;
}

RowResult storage(const RowPlan& wanted) {
  const StorageReport report = runStorage(wanted.points, wanted.seed, wanted.progress);
  RowResult result;
  result.ok = report.ok();
  result.points = report.rounds;
  result.summary = report.possible
                       ? std::to_string(report.acknowledged) + " acknowledged, " + std::to_string(report.refused) +
                             " refused, " + std::to_string(report.faults.size()) + " faults"
                       : "not tried: it needs the superuser";
  for (const std::string& fault : report.faults) result.summary += "\n    " + fault;
  result.json = {{"rounds", report.rounds},
                 {"acknowledged", report.acknowledged},
                 {"refused", report.refused},
                 {"faults", report.faults}};
  return result;
}

RowResult flipBits(const RowPlan& wanted) {
  BitFlipOptions options;
  options.flips = wanted.points;
  options.seed = wanted.seed;
  options.directory = wanted.directory;
  options.progress = wanted.progress;
  const BitFlipReport report = runBitFlips(options);
  RowResult result;
  result.ok = report.ok();
  result.points = report.flips;
  result.summary = std::to_string(report.reported) + " reported, " + std::to_string(report.harmless) + " harmless, " +
                   std::to_string(report.cutLogs) + " logs cut, wrong " + std::to_string(report.wrong) + ", misnamed " +
                   std::to_string(report.misnamed) + (report.first.empty() ? "" : "; " + report.first);
  result.json = {{"flips", report.flips},     {"reported", report.reported}, {"harmless", report.harmless},
                 {"cutLogs", report.cutLogs}, {"wrong", report.wrong},       {"misnamed", report.misnamed}};
  return result;
}

RowResult processes(const RowPlan& wanted) {
  const ProcessReport report = runProcesses(4, 2, std::chrono::seconds(wanted.points));
  constexpr double kLongest = 250;
  RowResult result;
  result.ok = report.ok() && report.longestOwnMilliseconds < kLongest;
  result.points = static_cast<std::uint64_t>(report.acknowledged);
  result.summary = std::to_string(report.acknowledged) + " updates, " + std::to_string(report.found) + " found, " +
                   std::to_string(report.refused) + " refused, ended " + std::to_string(report.ended) +
                   "; longest wait for own threads " + oneDecimal(report.longestOwnMilliseconds) +
                   " ms, longest transaction " + oneDecimal(report.longestMilliseconds) + " ms";
  result.json = {{"acknowledged", report.acknowledged},
                 {"found", report.found},
                 {"refused", report.refused},
                 {"ended", report.ended},
                 {"sound", report.sound},
                 {"longestMs", report.longestMilliseconds},
                 {"longestOwnMs", report.longestOwnMilliseconds}};
  return result;
}

constexpr LedgerOptions kLarge{.transactions = 10, .textFactor = 40, .cacheSize = 16 * 1024};

}  // namespace

const std::vector<TortureRow>& tortureRows() {
  const auto sectors = [](std::size_t bytes) { return [bytes](PowerCutOptions& o) { o.device.sectorBytes = bytes; }; };
  // What the log has lost is lost, and what is damaged is restored: the end of what was acknowledged may be missing.
  const auto blocks = [](std::size_t bytes) {
    return [bytes](PowerCutOptions& o) {
      o.device.damageBytes = bytes;
      o.loss = testing::Loss::Suffix;
    };
  };
  static const std::vector<TortureRow> rows{
      {"cut1", "power cut, 1 writer", 20'000, cuts(ledger("cut1", {}))},
      {"cut6", "power cut, 6 writers", 20'000, cuts(ledger("cut6", {.writers = 6, .transactions = 10}))},
      {"cutDefault", "power cut, log copied at the default size only", 4'000,
       cuts(ledger("cutDefault", {.writers = 3, .transactions = 20, .checkpointPages = 0}))},
      {"cut4k", "power cut, sectors of 4 KiB", 4'000, cuts(ledger("cut4k", {}), sectors(4096))},
      {"cut64k", "power cut, sectors of 64 KiB", 4'000, cuts(ledger("cut64k", {}), sectors(65536))},
      {"cutLarge", "power cut, transactions beyond the cache", 4'000, cuts(ledger("cutLarge", kLarge))},
      {"careful", "power cut damaging 4 KiB around the write, carefulFlash on", 5'000,
       cuts(ledger("careful", {.carefulFlash = true}), [](PowerCutOptions& o) { o.device.damageBytes = 4096; })},
      {"careful6", "the same, 6 writers", 5'000,
       cuts(ledger("careful6", {.writers = 6, .transactions = 10, .carefulFlash = true}),
            [](PowerCutOptions& o) { o.device.damageBytes = 4096; })},
      {"flash16k", "power cut damaging 16 KiB around the write, with backups", 2'000,
       cuts(ledger("flash16k", {.carefulFlash = true, .backsUp = true}), blocks(16384))},
      {"flash64k", "power cut damaging 64 KiB around the write, with backups", 2'000,
       cuts(ledger("flash64k", {.carefulFlash = true, .backsUp = true}), blocks(65536))},
      {"second", "second cut during recovery", 2'000,
       cuts(ledger("second", {}), [](PowerCutOptions& o) { o.secondCutEvery = 1; })},
      {"failing", "power cut after failing fsyncs and writes", 5'000,
       cuts(ledger("failing", {}),
            [](PowerCutOptions& o) {
              o.failuresOnTheWay = 4;
              o.cutsPerRun = 20;
            })},
      {"failing6", "the same, 6 writers", 5'000,
       cuts(ledger("failing6", {.writers = 6, .transactions = 10}),
            [](PowerCutOptions& o) {
              o.failuresOnTheWay = 4;
              o.cutsPerRun = 20;
            })},
      {"normal", "power cut under weaker durability", 20'000,
       cuts(ledger("normal", {.writers = 2, .transactions = 20, .durability = Durability::Normal}),
            [](PowerCutOptions& o) { o.loss = testing::Loss::Suffix; })},
      {"cutChecksums", "power cut, page checksums on", 4'000, cuts(ledger("cutChecksums", {.pageChecksums = true}))},
      {"bitFlips", "one bit of file or log changed, page checksums on", 10'000, flipBits},
      {"kill", "kill -9 while 8 writers commit", 1'000, kill},
      {"calls", "n-th I/O call fails, every n, once and for good", 0, failCalls},
      {"allocations", "n-th allocation fails, SQLite's and C++'s, every n", 0, failAllocations},
      {"damaged", "damaged files, of all kinds, with and without a backup", 2'000, damagedFiles},
      {"storage", "medium full, read-only, taken away and put back", 200, storage},
      {"processes", "4 processes, 2 threads each", 60, processes},
  };
  return rows;
}

}  // namespace holdfast::test
