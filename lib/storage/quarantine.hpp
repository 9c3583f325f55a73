#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast {

/// The files of a database that is not to be opened any more, under names of their own: "name.damaged-1" (or
/// "name.undone-1") with its "-wal" and "-journal", as SQLite would look for them. Nothing is deleted but the index of the log ("-shm"), which is made
/// anew from it.
///
/// The database goes first, and its new name is durable before its log goes: a database without its log would be taken
/// for a good, older one. Interrupted and begun again it ends the same.
class Quarantine {
 public:
  static constexpr std::string_view kDamaged = ".damaged-";
  static constexpr std::string_view kUndone = ".undone-";  ///< By the end of a trial: nothing is wrong with it.

  explicit Quarantine(std::string path, std::string_view kind = kDamaged) : path_(std::move(path)), kind_(kind) {}

  /// Moves what is there. The directory is synced when it returns. Throws Error. Returns the new names.
  std::vector<std::string> run();
  /// What the database will be called; once it has been moved, what it is called.
  std::string name() const;

  static std::string nameOf(const std::string& path, int number, std::string_view kind = kDamaged);

 private:
  /// The number for what is there now: a new one, or that of a database whose log was left behind.
  int number(bool hasDatabase) const;
  void move(const std::string& from, const std::string& to, std::vector<std::string>& names) const;

  std::string path_;
  std::string_view kind_;
};

}  // namespace holdfast
