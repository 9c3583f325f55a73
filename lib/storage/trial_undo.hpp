#pragma once

#include <string>
#include <vector>

#include <holdfast/migration_report.hpp>

#include "storage/replacement.hpp"

namespace holdfast {

/// Puts the backup of before a migration in the place of the database, which is kept beside it as "name.undone-1".
///
/// The copy is complete, durable and called "name.earlier" before anything else happens; then the database and its log are
/// moved away (Quarantine); then the copy gets the name. That the migration was undone is written into the copy, so that it
/// is known whenever the power fails. Interrupted before the database was moved it is begun anew, later carried on.
///
/// No handle of this process has the file open.
class TrialUndo {
 public:
  /// `path` is absolute. `scheduled`: where housekeeping makes backups, absolute; empty where it makes none.
  explicit TrialUndo(std::string path, std::string scheduled = {});

  /// `undone.kept` is filled in. Scheduled backups of the newer schema get names with ".undone-1" as well: they would keep
  /// those of the older one from being made, and be restored in its place. Throws Error, and changes nothing: Busy where another process has the database open; what
  /// the backup cannot be used for; StorageFull, ...
  void run(const std::string& backup, UndoneMigration& undone);

  /// Whether an earlier one was interrupted after the database had been moved: where that is missing.
  bool isReady() const { return replacement_.isReady(); }
  /// Returns where the replaced files are. Throws Error.
  std::vector<std::string> carryOn() const;
  /// What an earlier one has left that was interrupted before: where the database is there.
  void clear() const;

 private:
  void setNewerBackupsAside(int version) const;

  std::string path_;
  std::string scheduled_;
  Replacement replacement_;
};

}  // namespace holdfast
