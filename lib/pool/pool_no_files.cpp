// In the place of pool_backup.cpp, pool_migration_files.cpp, pool_repair.cpp and pool_start_up.cpp where there is no file
// system that can give a file another name:
// a damaged database is reported, and not replaced.

#include "pool/pool_migrations.hpp"
#include "storage/page_checksums.hpp"

namespace holdfast {
namespace {

Error unsupported() {
  return {ErrorCode::Unsupported, "backups and mount points need a file system with names, which this build has not"};
}

}  // namespace

BackupReport ConnectionPool::Core::backup(const std::string& /*wanted*/, const BackupOptions& /*options*/) {
  throw unsupported();
}

void ConnectionPool::Core::scheduleBackups() {
  if (!config.backup.path.empty()) throw unsupported();
}

void ConnectionPool::Core::backupIfDue() {}

void ConnectionPool::Core::startUp(const ConnectionConfig& wanted, OpenReport& /*report*/) {
  if (!wanted.mountPoint.empty()) throw unsupported();
}

void ConnectionPool::Core::startUpDamaged(OpenReport& report) { report.recovery.checked = VerifyResult::Damaged; }

void ConnectionPool::Core::repairDamage() { damage.leaveAlone(); }

std::string ConnectionPool::Core::Migrating::backUp(Core& /*core*/, Connection& /*writer*/,
                                                    const std::string& /*wanted*/) {
  throw Error(ErrorCode::Unsupported,
              "there are no backups here, without which a migration cannot be undone: set Migrations::backup to false "
              "where that is meant");
}

void ConnectionPool::Core::Migrating::putBack(Core& /*core*/, const std::string& /*backup*/,
                                              UndoneMigration& /*undone*/) {
  throw unsupported();
}

std::string takeUpPageChecksums(const std::string& /*path*/, const ConnectionConfig& config) {
  if (!config.pageChecksums) return {};
  throw Error(ErrorCode::Unsupported,
              "this build does not give databases page checksums: make the file elsewhere; where it has them they are "
              "kept and compared");
}

}  // namespace holdfast
