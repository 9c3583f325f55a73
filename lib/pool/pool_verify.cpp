// Whether the database is sound, while it is in use.

#include "connection/page_checks.hpp"
#include "pool/beside.hpp"
#include "storage/check_findings.hpp"

namespace holdfast {
namespace {

/// The rows of one check.
std::vector<std::string> rowsOf(Connection::Impl& handle, VerifyDepth depth) {
  std::vector<std::string> rows;
  auto keep = [&rows](const RowView& row) {
    rows.push_back(row.get<std::string>(0));
    return true;
  };
  handle.visit(
      depth == VerifyDepth::Quick ? Sql("PRAGMA main.quick_check(100)") : Sql("PRAGMA main.integrity_check(100)"), {},
      detail::RowVisitor(keep));
  if (rows.size() == 1 && rows.front() == "ok") rows.clear();
  return rows;
}

}  // namespace

VerifyReport ConnectionPool::Core::verify(VerifyDepth depth, const VerifyOptions& options) {
  requireCallable();
  {
    const port::LockGuard guard(mutex);
    requireOpen();
  }
  const auto start = std::chrono::steady_clock::now();
  VerifyReport report;
  report.depth = depth;
  {
    Beside beside(*this, LongReads::Kind::Check, options.timeout, options.cancel);
    std::vector<VerifyResult> looks;
    std::optional<VerifyResult> result;
    while (!result) {
      std::optional<Error> error;
      std::vector<std::string> rows;
      try {
        Connection::Impl& handle = beside.openHandle();
        const Beside::Snapshot revocable(beside);
        try {
          rows = rowsOf(handle, depth);
        } catch (const Error& failure) {
          error = failure;
        }
        noteChecksumFault(rows, checksumFault(handle.handle));
      } catch (const Error& failure) {
        error = failure;
      }
      looks.push_back(judgeLook(rows, error));
      if (error) rows.emplace_back(error->what());
      if (!rows.empty()) report.findings = std::move(rows);
      result = conclude(looks);
    }
    report.result = *result;
    report.looks = static_cast<int>(looks.size());
  }
  report.took = std::chrono::steady_clock::now() - start;
  counters.checks.add();
  if (report.isSound() || report.result == VerifyResult::Unfinished) return report;
  counters.damageFound.add();
  publish(EventKind::DamageFound, 0,
          {toText(report.result), ": ", report.findings.empty() ? std::string_view() : report.findings.front()});
  if (report.result != VerifyResult::Unreadable) {
    storage.note(Error(ErrorCode::Corrupt, report.findings.empty() ? std::string_view() : report.findings.front()));
  }
  return report;
}

}  // namespace holdfast
