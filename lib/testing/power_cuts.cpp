// Work is recorded once and cut at many points: what a disk holds follows from what it was asked for up to then.

#include <algorithm>
#include <array>
#include <random>

#include <holdfast/error.hpp>

#include "testing/runner.hpp"

namespace holdfast::testing {
namespace {

/// One run of the work, and what its cuts need.
struct Recorded {
  Recording recording;
  std::optional<Oracle> oracle;
};

/// A point of a run: its number and how many operations had been carried out.
struct Cut {
  std::uint64_t number;
  std::size_t position;
};

class PowerCuts {
 public:
  PowerCuts(const Scenario& scenario, const PowerCutOptions& options)
      : options_(options), runner_(scenario, options.run) {}

  FaultReport run() {
    if (const auto cut = runner_.only("cut")) {
      replayCut(*cut);
    } else if (const auto run = runner_.only("run")) {
      if (!isOfThese(*run, 2)) return runner_.finish();
      record(numberIn(*run, 1));
      ++runner_.report.points;
    } else if (runner_.isAll()) {
      tryAll();
    }
    return runner_.finish();
  }

 private:
  void tryAll() {
    seed_ = options_.seed;
    for (std::uint64_t run = 0; !runner_.isEnough() && (run == 0 || runner_.report.points < options_.cuts); ++run) {
      const Recorded recorded = record(run);
      if (!recorded.oracle) break;
      cutAt(run, recorded, choose(run, recorded.recording.operations.size()));
    }
  }

  void replayCut(const PointId& only) {
    if (!isOfThese(only, 4)) return;
    const std::uint64_t run = numberIn(only, 1);
    const Recorded recorded = record(run);
    const Cut cut{numberIn(only, 2), static_cast<std::size_t>(numberIn(only, 3))};
    cutAt(run, recorded, {cut});
    runner_.report.trace = describe(recorded.recording);
    runner_.report.trace.resize(std::min(runner_.report.trace.size(), cut.position + 1));
  }

  /// Takes over what the id says of its run. A point with failures on the way is none of a set of runs without.
  bool isOfThese(const PointId& only, std::size_t fields) {
    seed_ = numberIn(only, 0);
    wellOperations_ = static_cast<std::size_t>(numberIn(only, fields));
    return (only.fields.size() > fields) == (options_.failuresOnTheWay > 0);
  }

  /// Ends the id of a point: failures are placed by the number of operations of run 0, so that a replay need not run it.
  std::string ending() const {
    return options_.failuresOnTheWay > 0 ? ":" + std::to_string(wellOperations_) : std::string();
  }

  Recorded record(std::uint64_t run) {
    Recorded result;
    const std::string point = "run:" + std::to_string(seed_) + ":" + std::to_string(run) + ending();
    runner_.point(point, [&](const std::string& id) {
      const std::string directory = runner_.fresh("work");
      const std::string database = Workspace::databaseIn(directory);
      Attempt attempt(runner_.disk(), database, mixed(seed_, run));
      FaultyDisk::seedRandomness(mixed(seed_, run) | 1);
      runner_.disk().record(directory);
      const bool isWell = options_.failuresOnTheWay == 0 || run == 0;
      if (!isWell) arm(run);
      const bool ended = runner_.work(attempt, isWell, id);
      if (!isWell) runner_.report.faults += static_cast<std::uint64_t>(runner_.disk().refused());
      result.recording = runner_.disk().takeRecording();
      const std::size_t operations = result.recording.operations.size();
      if (run == 0 && wellOperations_ == 0) wellOperations_ = operations;
      runner_.report.operations += operations;
      if (isWell && !ended) return;
      compare(result.recording, directory, id);
      result.oracle.emplace(attempt.marks(), options_.loss,
                            options_.loss == Loss::Suffix ? order(database, id) : std::vector<std::int64_t>{});
      runner_.report.acknowledged += result.oracle->acknowledged();
      runner_.look(database, *result.oracle, operations, id);
    });
    return result;
  }

  /// Seeded failures from some call on. Those of syncs are most of what devices do to a database.
  void arm(std::uint64_t run) {
    std::mt19937_64 random(mixed(mixed(seed_, run), 1));
    constexpr std::array<Failure, 6> kKinds{Failure::FailedSync, Failure::FailedSync, Failure::FailedSync,
                                            Failure::HalfWrite,  Failure::NoSpace,    Failure::IoError};
    IoFault fault;
    fault.failure = kKinds[static_cast<std::size_t>(random() % kKinds.size())];
    if (fault.failure == Failure::IoError) fault.action = random() % 2 == 0 ? FileAction::Write : FileAction::Truncate;
    // Of the changes about a fifth are syncs.
    const std::size_t calls = fault.failure == Failure::FailedSync ? wellOperations_ / 5 : wellOperations_ / 2;
    fault.after = static_cast<std::int64_t>(random() % (calls + 1));
    fault.times = static_cast<std::int64_t>(random() % options_.failuresOnTheWay) + 1;
    runner_.disk().fail(fault);
  }

  /// The record must tell the same as the files, or its cuts mean nothing.
  void compare(const Recording& recording, const std::string& directory, const std::string& id) {
    DiskModel model(recording);
    for (const Operation& operation : recording.operations) model.apply(operation);
    if (model.live() != readFiles(directory)) {
      runner_.report.add(Verdict::Failed, id, "files were changed past SQLite: the record does not tell what is there");
    }
  }

  std::vector<std::int64_t> order(const std::string& database, const std::string& id) {
    Inspection inspection = inspect(runner_.scenario, database);
    if (inspection.fault) runner_.report.add(inspection.fault->first, id, inspection.fault->second);
    return std::move(inspection.committed);
  }

  /// In order, so that the disk is followed through the run once.
  std::vector<Cut> choose(std::uint64_t run, std::size_t operations) const {
    std::vector<Cut> cuts;
    if (options_.cuts == 0) {
      for (std::size_t position = 0; position <= operations; ++position) cuts.push_back({position, position});
      return cuts;
    }
    const std::uint64_t wanted = std::min(options_.cutsPerRun, options_.cuts - runner_.report.points);
    std::mt19937_64 random(mixed(mixed(seed_, run), 2));
    for (std::uint64_t number = 0; number < wanted; ++number) {
      cuts.push_back({number, static_cast<std::size_t>(random() % (operations + 1))});
    }
    std::sort(cuts.begin(), cuts.end(), [](const Cut& a, const Cut& b) { return a.position < b.position; });
    return cuts;
  }

  void cutAt(std::uint64_t run, const Recorded& recorded, const std::vector<Cut>& cuts) {
    if (!recorded.oracle) return;
    const std::vector<Operation>& operations = recorded.recording.operations;
    DiskModel model(recorded.recording);
    std::size_t done = 0;
    for (const Cut& cut : cuts) {
      if (runner_.isEnough()) return;
      const std::size_t position = std::min(cut.position, operations.size());
      for (; done < position; ++done) model.apply(operations[done]);
      const std::string id = "cut:" + std::to_string(seed_) + ":" + std::to_string(run) + ":" +
                             std::to_string(cut.number) + ":" + std::to_string(cut.position) + ending();
      runner_.point(id, [&](const std::string& point) {
        std::mt19937_64 random(mixed(mixed(seed_, run), mixed(cut.number, 3)));
        const Operation* underWay = position < operations.size() ? &operations[position] : nullptr;
        const Files left = model.cut(options_.device, random, underWay);
        const bool again = options_.secondCutEvery != 0 && random() % options_.secondCutEvery == 0;
        FaultyDisk::seedRandomness(mixed(mixed(seed_, run), mixed(cut.number, 4)) | 1);
        lookAfter(left, *recorded.oracle, position, again, random, point);
      });
      ++runner_.report.points;
    }
  }

  void lookAfter(const Files& left, const Oracle& oracle, std::size_t position, bool again, std::mt19937_64& random,
                 const std::string& point) {
    std::string directory = runner_.place("cut", left);
    if (again && runner_.scenario.restart) {
      runner_.disk().record(directory);
      const bool started = runner_.restart(Workspace::databaseIn(directory), point);
      const Recording restarted = runner_.disk().takeRecording();
      if (!started) return;
      if (!restarted.operations.empty()) {
        ++runner_.report.secondCuts;
        directory = runner_.place("cut", cutAgain(restarted, random));
      }
    }
    if (runner_.restart(Workspace::databaseIn(directory), point)) {
      runner_.look(Workspace::databaseIn(directory), oracle, position, point);
    }
  }

  Files cutAgain(const Recording& restarted, std::mt19937_64& random) const {
    const std::vector<Operation>& operations = restarted.operations;
    const auto position = static_cast<std::size_t>(random() % (operations.size() + 1));
    DiskModel model(restarted);
    for (std::size_t i = 0; i < position; ++i) model.apply(operations[i]);
    return model.cut(options_.device, random, position < operations.size() ? &operations[position] : nullptr);
  }

  const PowerCutOptions& options_;
  Runner runner_;
  std::uint64_t seed_ = 0;
  std::size_t wellOperations_ = 0;  // Of run 0.
};

}  // namespace

FaultReport runPowerCuts(const Scenario& scenario, const PowerCutOptions& options) {
  DiskModel::validate(options.device);
  if (options.cutsPerRun == 0) throw Error(ErrorCode::InvalidArgument, "cutsPerRun is 0; at least 1");
  if (options.loss == Loss::Suffix && !scenario.committed) {
    throw Error(ErrorCode::InvalidArgument, "Loss::Suffix needs the scenario to tell what is committed");
  }
  return PowerCuts(scenario, options).run();
}

}  // namespace holdfast::testing
