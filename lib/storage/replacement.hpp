#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <holdfast/recovery.hpp>

#include "connection/plain_database.hpp"

namespace holdfast {

/// What takes the place of a database that is damaged or lost: made beside it, checked, durable, and called
/// "name.restored" only then, so that a file of that name is always complete.
class Replacement {
 public:
  /// `backup`: absolute, or empty where there is none.
  Replacement(std::string path, std::string backup);

  std::string readyName() const { return path_ + ".restored"; }
  bool isReady() const;
  /// Whether a backup of any generation is there, good or not.
  bool hasBackup() const;
  /// Removes what earlier attempts have left.
  void clear() const;
  /// From the newest backup that is good. False where there is none; why not is in `warnings`. Throws Error where it
  /// cannot be written.
  bool fromBackup(RecoveryReport& report, std::vector<std::string>& warnings);
  /// From what can be read of the database. Throws Error{Corrupt}, {NotADatabase} where that is nothing.
  void fromDamaged(RecoveryReport& report);
  /// Gives it the database's name, which nothing has now. Durable when it returns. Throws Error.
  void publish() const;

 private:
  void begin() const;
  void end() const;
  bool copyGeneration(const std::string& name);
  bool copyWithoutLog();
  void salvage(PlainDatabase::Mode mode, RecoveryReport& report);

  std::string path_;
  std::string backup_;
  std::string making_;
};

}  // namespace holdfast
