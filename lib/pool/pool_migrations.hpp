#pragma once

#include <memory>
#include <string>

#include <holdfast/migration.hpp>

#include "pool/pool_core.hpp"

namespace holdfast {

/// A program's migrations at work on the databases of its pools. Abstract, so that a program that makes none does not link
/// what carries them out.
class ConnectionPool::Core::Migrating : public Migrator {
 public:
  static std::shared_ptr<const Migrator> make(Migrations migrations);
  /// Of an open pool. Throws Error: PoolClosed; Misuse where it has none.
  static const Migrating& of(const Core& core);

  /// When the first handle is open, which may be another one afterwards: undoes what did not prove itself, finds out what
  /// the program may do, migrates. Throws Error.
  virtual void settle(Core& core, OpenReport& report) const = 0;
  /// This start is healthy. Throws Error.
  virtual void countHealthy(Core& core) const = 0;
  virtual MigrationReport migrate(Core& core, const MigrateOptions& options) const = 0;
  virtual bool confirm(Core& core) const = 0;
  virtual int version() const noexcept = 0;

 protected:
  // Where files can be given other names (pool_migration_files.cpp); else Error{Unsupported}.
  /// Returns the backup's absolute path.
  static std::string backUp(Core& core, Connection& writer, const std::string& wanted);
  /// Replaces the database, which no handle has open.
  static void putBack(Core& core, const std::string& backup, UndoneMigration& undone);

 private:
  class Impl;
};

}  // namespace holdfast
