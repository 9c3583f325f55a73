#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/connection_config.hpp>
#include <holdfast/recovery.hpp>

#include "storage/replacement.hpp"
#include "storage/trial_undo.hpp"

namespace holdfast {

/// What happens to a database before its first handle is opened.
///
/// The states, by what lies on the disk. (A) "name" is there: it is used, after a check where the last stop was not clean,
/// or repaired, or left as it is to be read only. (B) "name" is damaged: the replacement is made first ("name.restoring", then "name.restored", complete and
/// durable); then the damaged files go to "name.damaged-1" (Quarantine); then "name.restored" becomes "name". (C) "name" is
/// missing and "name.restored" is there: the power failed in the midst of (B), which is carried on. The same goes for
/// "name.earlier", which undoes a migration (TrialUndo). (D) "name" is missing or empty, and a backup of it or a log
/// beside it says that it was there: it is lost, not new. (E) Else it is new.
/// Whenever the power fails, the next start finds one of these, and comes to the same end.
///
/// No handle of this process has the file open.
class StartUp {
 public:
  /// `path` is absolute.
  StartUp(std::string path, const ConnectionConfig& config);

  /// Throws Error: CannotOpen where the database is lost and there is no good backup, or nothing is mounted where
  /// `mountPoint` says; Corrupt or NotADatabase where it is damaged, neither repaired nor left to be read only; Busy where it would have to be repaired while another process has it open; StorageFull, ...
  void run();
  /// The same for a database that was in use until now, and in which damage was seen: it is checked in full whatever the
  /// configuration says, and never taken for new.
  void runAfterDamage();

  RecoveryReport& report() noexcept { return report_; }
  /// PRAGMA user_version, where the look at the header has told.
  std::optional<std::int32_t> userVersion() const noexcept { return userVersion_; }
  /// Whether a migration was undone that an earlier start had begun to undo.
  bool hasUndone() const noexcept { return hasUndone_; }
  std::vector<std::string>& warnings() noexcept { return warnings_; }

 private:
  void requireMount() const;
  void findMissing();
  void checkExisting();
  bool stoppedCleanly() const;
  bool isInUse() const;
  bool looksPlausible(bool clean);
  void act(VerifyResult result);
  void reindex();
  void repair();
  void replace();
  bool canBeRead() const;
  void leaveAsItIs();
  [[noreturn]] void giveUp() const;

  std::string path_;
  const ConnectionConfig& config_;
  Replacement replacement_;
  TrialUndo trialUndo_;
  std::optional<std::int32_t> userVersion_;
  bool hasUndone_ = false;
  RecoveryReport report_;
  std::vector<std::string> warnings_;
  std::optional<ErrorCode> damage_;  ///< What the check ended with.
  bool wasInUse_ = false;
};

}  // namespace holdfast
