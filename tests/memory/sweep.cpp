#include "memory/sweep.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <new>

#include "support/child_process.hpp"
#include "support/process_counts.hpp"
#include "support/temp_directory.hpp"
#include "support/threads.hpp"

namespace holdfast::test {
namespace {

// More than the threads of any scenario.
constexpr int kKeptAtMost = 5;

/// Memory that a child shares with its parent.
template <typename T>
class Shared {
 public:
  Shared()
      : value_(static_cast<T*>(::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    new (value_) T{};
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { ::munmap(value_, sizeof(T)); }
  T& operator*() const noexcept { return *value_; }
  T* operator->() const noexcept { return value_; }

 private:
  T* value_;
};

void note(SweepResult& result, const std::string& problem) {
  if (problem.empty()) return;
  const auto index = static_cast<std::size_t>(result.problems++);
  if (index >= result.texts.size()) return;
  std::snprintf(result.texts[index].data(), result.texts[index].size(), "point %lld: %s",
                static_cast<long long>(result.at), problem.c_str());
}

// What says that memory is short, that nobody can know what became of a COMMIT, or that a savepoint could not be undone
// but as a whole with its transaction.
bool isRightCode(ErrorCode code) noexcept {
  return code == ErrorCode::MemoryLimit || code == ErrorCode::OutcomeUnknown || code == ErrorCode::TransactionAborted;
}

/// Runs the work with its faults. Returns whether one has happened; what is wrong with how it ended goes to `problem`.
bool attempt(const Scenario& scenario, World& world, const SweepPlan& plan, SweepResult& result, std::string& problem) {
  std::optional<Error> error;
  bool badAlloc = false;
  bool other = false;
  bool happened = false;
  {
    if (plan.only) AllocationFaults::traceFirst();
    const AllocationFaults faults(plan.kind, plan.mode, result.at);
    try {
      scenario.attempt(world);
    } catch (const Error& thrown) {
      error = thrown;
    } catch (const std::bad_alloc&) {
      badAlloc = true;
    } catch (...) {
      other = true;
    }
    happened = AllocationFaults::haveHappened();
  }
  if (other) problem = "neither an Error nor std::bad_alloc";
  if (error && !isRightCode(error->code())) problem = std::string("a wrong error: ") + error->what();
  if (plan.only) std::fprintf(stderr, "ended with %s\n", error ? error->what() : badAlloc ? "bad_alloc" : "success");
  if (!happened) {
    if (error || badAlloc) problem = std::string("fails without a fault: ") + (error ? error->what() : "bad_alloc");
    return false;
  }
  ++result.points;
  result.badAlloc += badAlloc ? 1 : 0;
  result.succeeded += error || badAlloc || other ? 0 : 1;
  if (error) ++result.codes[static_cast<std::size_t>(error->code())];
  return true;
}

/// One point in one world. Returns whether there was such a point. `left`: what it left behind.
bool tryWorld(const Scenario& scenario, const SweepPlan& plan, const TempDirectory& directory, SweepResult& result,
              LiveAllocations& left) {
  const LiveAllocations before = LiveAllocations::now();
  bool happened = false;
  {
    std::string problem;
    {
      World world(directory.file("template"), directory.file("world.db"));
      scenario.prepare(world);
      happened = attempt(scenario, world, plan, result, problem);
      const std::string after = world.check();
      if (!after.empty()) problem += (problem.empty() ? "" : "; ") + after;
    }
    if (openFilesUnder(directory.path()) != 0) problem += "; a file is still open";
    note(result, problem);
  }
  const LiveAllocations after = LiveAllocations::now();
  left = {after.cpp - before.cpp, after.sqlite - before.sqlite};
  return happened;
}

bool tryPoint(const Scenario& scenario, const SweepPlan& plan, const TempDirectory& directory, SweepResult& result) {
  LiveAllocations left;
  const bool happened = tryWorld(scenario, plan, directory, result, left);
  // What is kept for the process is no leak: the texts of errors without memory, a parker for each thread that ever
  // waited beside others. There is an end to it, whereas a leak grows each time.
  for (int i = 0; i < kKeptAtMost && left != LiveAllocations{}; ++i) {
    SweepResult again;
    again.at = result.at;
    tryWorld(scenario, plan, directory, again, left);
  }
  if (left == LiveAllocations{}) return happened;
  note(result,
       "leaves " + std::to_string(left.cpp) + " C++ and " + std::to_string(left.sqlite) + " SQLite allocations behind");
  return happened;
}

int sweepInChild(const Scenario& scenario, const SweepPlan& plan, SweepResult& result) {
  // A crash is told by the parent, not by the test program's own handler.
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, SIG_DFL);
  const Watchdog watchdog("a sweep does not end", kPatience);
  const TempDirectory directory;
  World::makeTemplate(directory.file("template"));
  const SweepPlan dry{.kind = plan.kind, .mode = plan.mode, .from = 1'000'000'000};
  SweepResult ignored;
  ignored.at = dry.from;
  for (int i = 0; i < 2; ++i) tryPoint(scenario, dry, directory, ignored);  // Fills what is kept for the process.
  if (ignored.problems > 2) note(result, std::string("without faults: ") + ignored.texts[0].data());
  const auto enough = static_cast<std::int64_t>(result.texts.size());
  while (tryPoint(scenario, plan, directory, result) && !plan.only && result.problems < enough) {
    result.at += plan.stride;
  }
  result.finished = true;
  return 0;
}

}  // namespace

std::vector<Scenario> allScenarios() {
  std::vector<Scenario> all;
  for (const auto part : {poolScenarios(), writeScenarios(), repositoryScenarios()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

std::vector<SweepPlan> plansFor(const Scenario& scenario, std::int64_t stride) {
  using Kind = AllocationKind;
  const auto plan = [stride](Kind kind, FaultMode mode) {
    return SweepPlan{.kind = kind, .mode = mode, .stride = stride};
  };
  if (scenario.onlySqlite) return {plan(Kind::Sqlite, FaultMode::Once), plan(Kind::Sqlite, FaultMode::Onward)};
  return {plan(Kind::Any, FaultMode::Once), plan(Kind::Any, FaultMode::Onward), plan(Kind::Cpp, FaultMode::Onward),
          plan(Kind::Sqlite, FaultMode::Onward)};
}

SweepResult sweep(const Scenario& scenario, const SweepPlan& plan) {
  constexpr int kCrashes = 20;
  const Shared<SweepResult> result;
  result->at = plan.from;
  for (int crashes = 0; !result->finished && crashes < kCrashes; ++crashes) {
    const int code = inChild([&] { return sweepInChild(scenario, plan, *result); });
    if (result->finished) break;
    note(*result, "the process ends with " + std::to_string(code));
    result->at += plan.stride;
    if (plan.only) break;
  }
  return *result;
}

std::string toText(const Scenario& scenario, const SweepPlan& plan, const SweepResult& result) {
  std::array<char, 240> line{};
  std::snprintf(line.data(), line.size(), "%-24s %-6s %-6s %6lld points: %5lld succeed, %5lld bad_alloc", scenario.name,
                std::string(toText(plan.kind)).c_str(), std::string(toText(plan.mode)).c_str(),
                static_cast<long long>(result.points), static_cast<long long>(result.succeeded),
                static_cast<long long>(result.badAlloc));
  std::string text = line.data();
  for (std::size_t code = 0; code < result.codes.size(); ++code) {
    if (result.codes[code] == 0) continue;
    text += ", " + std::to_string(result.codes[code]) + " " + std::string(toText(static_cast<ErrorCode>(code)));
  }
  if (result.problems > 0) text += "; " + std::to_string(result.problems) + " PROBLEMS";
  const auto kept = std::min<std::int64_t>(result.problems, static_cast<std::int64_t>(result.texts.size()));
  for (std::int64_t i = 0; i < kept; ++i) {
    text += std::string("\n    ") + result.texts[static_cast<std::size_t>(i)].data();
  }
  return text;
}

}  // namespace holdfast::test
