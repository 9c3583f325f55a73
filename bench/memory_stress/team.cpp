#include "memory_stress/team.hpp"

#include <algorithm>
#include <atomic>
#include <latch>
#include <thread>

#include "memory_stress/interrupt.hpp"

namespace bench {

namespace {

using SteadyClock = std::chrono::steady_clock;

class Team {
 public:
  explicit Team(const std::vector<Role>& roles) : ready_(total(roles)), go_(1) {
    for (const Role& role : roles) {
      for (std::size_t i = 0; i < role.threads; ++i) addThread(role);
    }
    ready_.wait();
  }

  std::span<const std::unique_ptr<Worker>> workers() const { return workers_; }
  void start() { go_.count_down(); }
  void stop() {
    stop_.store(true, std::memory_order_relaxed);
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  static std::ptrdiff_t total(const std::vector<Role>& roles) {
    std::size_t threads = 0;
    for (const Role& role : roles) threads += role.threads;
    return static_cast<std::ptrdiff_t>(threads);
  }

  void addThread(const Role& role) {
    const std::size_t number = workers_.size();
    workers_.push_back(std::make_unique<Worker>());
    threads_.emplace_back([this, &role, number, worker = workers_.back().get()] { work(role, *worker, number); });
  }

  void work(const Role& role, Worker& worker, std::size_t number) {
    Step step;
    worker.prepare([&] { step = role.make(worker, number); });
    ready_.count_down();
    go_.wait();
    while (step && !stop_.load(std::memory_order_relaxed)) step();
  }

  std::latch ready_;
  std::latch go_;
  std::atomic<bool> stop_{false};
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
};

}  // namespace

TeamResult runTeam(const std::vector<Role>& roles, std::chrono::milliseconds duration, TeamObserver* observer) {
  Team team(roles);
  const auto start = SteadyClock::now();
  const auto deadline = start + duration;
  team.start();
  if (observer != nullptr) observer->started(team.workers());
  while (SteadyClock::now() < deadline && !interrupted()) {
    std::this_thread::sleep_until(std::min(deadline, SteadyClock::now() + std::chrono::milliseconds{50}));
  }
  if (observer != nullptr) observer->stopping();
  team.stop();
  if (observer != nullptr) observer->stopped();
  TeamResult result;
  result.seconds = std::chrono::duration<double>(SteadyClock::now() - start).count();
  for (const auto& worker : team.workers()) result.tally.merge(worker->tally());
  return result;
}

}  // namespace bench
