#pragma once

#include <string>
#include <vector>

namespace holdfast {

/// The files of a database that is not to be opened any more, under names of their own: "name.damaged-1" with its
/// "-wal" and "-journal", as SQLite would look for them. Nothing is deleted but the index of the log ("-shm"), which is made
/// anew from it.
///
/// The database goes first, and its new name is durable before its log goes: a database without its log would be taken
/// for a good, older one. Interrupted and begun again it ends the same.
class Quarantine {
 public:
  explicit Quarantine(std::string path) : path_(std::move(path)) {}

  /// Moves what is there. The directory is synced when it returns. Throws Error. Returns the new names.
  std::vector<std::string> run();

  static std::string nameOf(const std::string& path, int number);

 private:
  /// The number for what is there now: a new one, or that of a database whose log was left behind.
  int number(bool hasDatabase) const;
  void move(const std::string& from, const std::string& to, std::vector<std::string>& names) const;

  std::string path_;
};

}  // namespace holdfast
