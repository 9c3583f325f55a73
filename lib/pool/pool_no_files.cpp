// In the place of pool_backup.cpp where there is no file system that can give a file another name.

#include "pool/pool_core.hpp"

namespace holdfast {
namespace {

Error unsupported() {
  return {ErrorCode::Unsupported, "backups need a file system with names, which this build has not"};
}

}  // namespace

BackupReport ConnectionPool::Core::backup(const std::string& /*wanted*/, const BackupOptions& /*options*/) {
  throw unsupported();
}

void ConnectionPool::Core::scheduleBackups() {
  if (!config.backup.path.empty()) throw unsupported();
}

void ConnectionPool::Core::backupIfDue() {}

}  // namespace holdfast
