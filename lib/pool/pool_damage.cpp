// Damage that calls meet while the pool runs: looked into beside them, and repaired where that is allowed.

#include "core/port/files.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {
namespace {

// SQLite takes a file without content, or with one byte, for a new database, and finds nothing wrong with it.
bool isEmptied(const std::string& path) {
  return port::fileFacts(path).sizeBytes <= 1 && port::fileFacts(path + "-wal").sizeBytes == 0;
}

}  // namespace

void ConnectionPool::Core::suspectDamage() noexcept {
  damage.suspect(clock->now());
  const port::LockGuard guard(mutex);
  housekeeperWake.notifyAll();
}

void ConnectionPool::Core::lookAfterDamage() noexcept {
  if (!damage.takeDue(clock->now())) return;
  try {
    const VerifyReport found = verify(VerifyDepth::Full, {});
    const bool believed = found.result == VerifyResult::Damaged || found.result == VerifyResult::IndexesDamaged;
    if (!believed && !isEmptied(path)) {
      if (!found.isSound()) return damage.postpone(clock->now());  // Reading failed, or the check was ended.
      damage.clear(clock->now(), found.took);
      return storage.noteRepaired("a check finds the database sound");
    }
    if (config.repairAtOpen && config.repairWhileOpen) return repairDamage();
    damage.leaveAlone();
    log(LogLevel::Error,
        {"the database is damaged and stays open for reading: it is looked after when it is opened anew"});
  } catch (const std::exception& failure) {
    log(LogLevel::Warning, {"damage could not be looked into: ", failure.what()});
    damage.postpone(clock->now());
  }
}

}  // namespace holdfast
