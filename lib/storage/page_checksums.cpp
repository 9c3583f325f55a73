#include "storage/page_checksums.hpp"

#include <optional>

#include <holdfast/error.hpp>

#include "connection/page_checks.hpp"
#include "connection/plain_database.hpp"
#include "core/steady_clock.hpp"
#include "core/text.hpp"

namespace holdfast {
namespace {

void convert(const std::string& path, const ConnectionConfig& config) {
  PlainDatabase database(path, PlainDatabase::Mode::Write);
  database.setBusyTimeout(config.openTimeout);
  // Before anything is read: then nobody else has it open, who would go on without checksums. A rollback journal would
  // have the pages written in any order, and the first one tells what they are.
  database.run("PRAGMA locking_mode=EXCLUSIVE");
  if (database.text("PRAGMA journal_mode=WAL") != "wal") {
    // GCOVR_EXCL_START: an SQLite without it.
    throw Error(ErrorCode::Unsupported, "adding page checksums takes write-ahead logging");
    // GCOVR_EXCL_STOP
  }
  database.reserveChecksums();
  database.run("VACUUM");
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
}

/// Begins them in an empty file. What a database with content reserves, or nothing where there is nothing to be done.
std::optional<int> findOut(const std::string& path, const ConnectionConfig& config) {
  PlainDatabase database(path, PlainDatabase::Mode::Write);
  database.setBusyTimeout(config.openTimeout);
  const int reserved = database.reservedBytes();
  if (reserved == PageChecks::kBytes) return std::nullopt;
  if (database.integer("PRAGMA page_count") > 0) return reserved;
  database.beginChecksums();
  return std::nullopt;
}

}  // namespace

std::string takeUpPageChecksums(const std::string& path, const ConnectionConfig& config) {
  if (!config.pageChecksums) return {};
  const SteadyClock::time_point start = SteadyClock::now();
  const std::optional<int> reserved = findOut(path, config);
  if (!reserved) return {};
  if (*reserved != 0) {
    throw Error(ErrorCode::Unsupported,
                "the database keeps bytes of each page for something else, and page checksums need exactly 8: copy its "
                "content to a new one, or switch pageChecksums off");
  }
  if (!kHasThreads) {
    throw Error(ErrorCode::Unsupported,
                "the database has no page checksums, and this build, which has no write-ahead log, cannot add them: "
                "copy its content to a new one, or switch pageChecksums off");
  }
  try {
    convert(path, config);
  } catch (Error& error) {
    throw error.addFrame("giving the database page checksums");
  }
  return "the database was written anew with page checksums, in " + formatDuration(SteadyClock::now() - start);
}

}  // namespace holdfast
