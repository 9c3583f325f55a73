#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <holdfast/recovery.hpp>

#include "connection/plain_database.hpp"

namespace holdfast {

/// What takes the place of a database that is damaged or lost, or of one whose migration is undone: made beside it,
/// checked, durable, and called "name.restored" ("name.earlier") only then, so that a file of that name is always complete.
class Replacement {
 public:
  static constexpr std::string_view kRestored = ".restored";
  static constexpr std::string_view kEarlier = ".earlier";

  /// `backup`: absolute, or empty where there is none.
  Replacement(std::string path, std::string backup, std::string_view readySuffix = kRestored);

  std::string readyName() const { return path_ + std::string(readySuffix_); }
  bool isReady() const;
  /// Whether a backup of any generation is there, good or not.
  bool hasBackup() const;
  /// Removes what earlier attempts have left.
  void clear() const;
  /// From the newest backup that is good. False where there is none; why not is in `warnings`. Throws Error where it
  /// cannot be written.
  bool fromBackup(RecoveryReport& report, std::vector<std::string>& warnings);
  /// From one file, with what `amend` adds to it. Throws Error: Corrupt where the file is no sound database, ...
  void fromFile(const std::string& name, const std::function<void(PlainDatabase&)>& amend);
  /// From what can be read of the database. Throws Error{Corrupt}, {NotADatabase} where that is nothing.
  void fromDamaged(RecoveryReport& report);
  /// Gives it the database's name, which nothing has now. Durable when it returns. Throws Error.
  void publish() const;

 private:
  void begin() const;
  void end() const;
  void copyGeneration(const std::string& name);
  bool copyWithoutLog();
  void salvage(PlainDatabase::Mode mode, RecoveryReport& report);

  std::string path_;
  std::string backup_;
  std::string making_;
  std::string_view readySuffix_;
};

}  // namespace holdfast
