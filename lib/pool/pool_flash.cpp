// The ledger of what is written to the medium.

#include "pool/pool_core.hpp"

namespace holdfast {

void ConnectionPool::Core::startLedger(OpenReport& report) {
  const FlashLimits limits{config.flashEndurance, config.flashDailyBudget, config.flashLedger, config.carefulFlash};
  flash.start(path, limits, clock->now());
  const FlashReport begun = flash.report(clock->now());
  if (!begun.problem.empty()) report.warnings.push_back("the ledger of writes: " + begun.problem);
}

void ConnectionPool::Core::reviewLedger() noexcept {
  if (!flash.review(clock->now())) return;
  try {
    const std::uint64_t today = flash.report(clock->now()).days.at(0).bytes();
    const std::string text = std::to_string(today / KiB) + " KiB were written today; flashDailyBudget is " +
                             std::to_string(config.flashDailyBudget / KiB) + " KiB";
    publish(EventKind::FlashOverBudget, 0, {text});
    log(LogLevel::Warning, {text});
  } catch (const std::exception&) {
    publish(EventKind::FlashOverBudget, 0, {});  // Without its text, which there is no memory for.
  }
}

FlashReport ConnectionPool::Core::flashReport() {
  requireOwnProcess();
  return flash.report(clock->now());
}

}  // namespace holdfast
