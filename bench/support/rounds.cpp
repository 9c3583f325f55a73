#include "support/rounds.hpp"

#include <ctime>

#include "support/text.hpp"

namespace bench {

namespace {

double cpuSeconds() {
  std::timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

}  // namespace

std::vector<Series> runRounds(const std::vector<Contender>& contenders, const RoundPlan& plan, const std::string& title,
                              Progress& progress) {
  std::vector<Series> series;
  for (const Contender& contender : contenders) {
    series.push_back({contender.name, {}, {}});
    contender.round(plan.roundTime / 2);
  }
  for (int round = 0; round < plan.rounds; ++round) {
    for (std::size_t turn = 0; turn < contenders.size(); ++turn) {
      const std::size_t chosen = (turn + static_cast<std::size_t>(round)) % contenders.size();
      const double before = cpuSeconds();
      const Round done = contenders[chosen].round(plan.roundTime);
      const double used = cpuSeconds() - before;
      const double rate = static_cast<double>(done.operations) / done.seconds;
      series[chosen].perSecond.push_back(rate);
      series[chosen].perCpuSecond.push_back(static_cast<double>(done.operations) / used);
      progress.show(format("%s: round %d of %d, %s: %s a second", title.c_str(), round + 1, plan.rounds,
                           contenders[chosen].name.c_str(), rateText(rate).c_str()));
    }
  }
  return series;
}

}  // namespace bench
