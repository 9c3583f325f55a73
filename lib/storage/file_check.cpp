#include "storage/file_check.hpp"

#include <utility>

#include "connection/page_checks.hpp"
#include "storage/check_findings.hpp"

namespace holdfast {

VerifyResult FileCheck::look(VerifyDepth depth) {
  std::vector<std::string> rows;
  error_.reset();
  try {
    PlainDatabase database(path_, PlainDatabase::Mode::Write);
    database.setLimits(options_.limits);
    database.setBusyTimeout(options_.busyTimeout);
    try {
      database.run("PRAGMA cell_size_check=1");
      const char* const check =
          depth == VerifyDepth::Quick ? "PRAGMA main.quick_check(100)" : "PRAGMA main.integrity_check(100)";
      database.forEach(check, [&rows](std::string_view row) {
        if (row != "ok") rows.emplace_back(row);
        return true;
      });
    } catch (const Error& error) {
      error_ = error;
    }
    noteChecksumFault(rows, checksumFault(database.handle()));
  } catch (const Error& error) {
    error_ = error;
  }
  const VerifyResult result = judgeLook(rows, error_);
  if (error_) rows.emplace_back(error_->reason());
  if (!rows.empty()) findings_ = std::move(rows);
  return result;
}

VerifyResult FileCheck::run(VerifyDepth depth) {
  std::vector<VerifyResult> looks;
  std::optional<VerifyResult> result;
  while (!result) {
    looks.push_back(look(depth));
    result = conclude(looks);
  }
  return *result;
}

}  // namespace holdfast
