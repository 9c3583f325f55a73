#pragma once

#include <optional>
#include <vector>

#include <holdfast/connection.hpp>
#include <holdfast/migration.hpp>

namespace holdfast {

/// Migrations from one version on, carried out on a handle that nobody else uses.
///
/// Foreign keys are not enforced while it lives: SQLite switches that between transactions only, and a rebuilt table would
/// take the rows with it that name it (ON DELETE CASCADE). Each migration ends with a check of them all instead.
class MigrationRun {
 public:
  /// `from`: the version that the database has. Throws Error.
  MigrationRun(Connection& writer, const Migrations& migrations, int from);
  MigrationRun(const MigrationRun&) = delete;
  MigrationRun& operator=(const MigrationRun&) = delete;
  ~MigrationRun();

  /// Each in a transaction of its own, in which it is also entered in the record, and the trial with it. Appends to `done`
  /// what is durable. Throws Error with the migration as its frame; Busy where another process migrates, too.
  void apply(std::optional<TrialState> trial, std::vector<MigratedStep>& done);
  /// All in one transaction that is rolled back. Throws Error.
  void tryOut(std::vector<MigratedStep>& done);

 private:
  template <typename F>
  void each(F&& body) const;
  void carryOut(Transaction& tx, const Migration& step) const;

  Connection& writer_;
  const Migrations& migrations_;
  int from_;
};

}  // namespace holdfast
