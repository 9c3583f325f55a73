#include "pool/content_care.hpp"

#include "connection/connection_impl.hpp"
#include "connection/page_checks.hpp"

namespace holdfast {

void ContentCare::start(const std::string& path, const ConnectionConfig& config, OpenReport& report, Connection& writer,
                        Clock::TimePoint now) {
  report.pageChecksums = pageChecksOf(writer.impl().handle)->on;
  scrub_.start(config.scrubRate, now);
  const bool replaced = report.recovery.action != RecoveryAction::None || report.migrated.undoneNow;
  report.commitsMissing = note_.start(path, config.commitNoteInterval, replaced, writer, now);
  if (report.commitsMissing == 0) return;
  report.warnings.push_back("the database is older than it was: at least " + std::to_string(report.commitsMissing) +
                            " commits that were counted are missing; the end of its log was lost, or an older file "
                            "was put in its place");
}

void ContentCare::review(Connection& writer, Clock::TimePoint now) {
  note_.review(writer, now);
  if (const std::optional<Scrub::Finding> finding = scrub_.step(writer, now)) listener_(*finding);
}

void ContentCare::addTo(PoolMetrics& metrics) const noexcept {
  metrics.scrubbedPages = scrub_.pages();
  metrics.scrubRounds = scrub_.rounds();
  metrics.scrubFindings = scrub_.findings();
}

}  // namespace holdfast
