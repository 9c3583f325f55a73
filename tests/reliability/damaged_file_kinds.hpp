#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "support/damage.hpp"
#include "support/temp_directory.hpp"

namespace holdfast::test {

inline constexpr int kItems = 600;

/// Content of files that are made once.
struct OriginalFiles {
  std::string database;
  std::string backup;
  std::string withLog;  ///< A database, ...
  std::string log;      ///< ... and the log that belongs to it.
  std::string otherLog;
  std::string otherJournal;
  std::string otherProgram;
  std::string wide;  ///< The same rows in UTF-16.
  std::string thieving;
};

struct DamagePlace {
  std::string database;
  std::string elsewhere;
  const OriginalFiles& originals;
  std::mt19937_64& random;

  std::size_t upTo(std::size_t most) const { return std::uniform_int_distribution<std::size_t>(0, most)(random); }
  std::string noise(std::size_t bytes) const {
    std::string result(bytes, '\0');
    for (char& each : result) each = static_cast<char>(upTo(255));
    return result;
  }
  std::size_t pages() const { return originals.database.size() / kPageBytes; }
  /// Not the first one.
  std::size_t somePage() const { return 2 + upTo(pages() - 2); }
  void fill(const std::string& bytes) const { writeFile(database, bytes); }
  void spoil(std::size_t at, const std::string& bytes) const { overwrite(database, at, bytes); }
  void spoilPage(std::size_t page, const std::string& bytes) const { spoil((page - 1) * kPageBytes, bytes); }
};

/// What is to become of it.
enum class DamageFate {
  Repaired,  ///< Restored, or found sound, where there is a backup.
  Refused,   ///< An Error, and nothing is touched.
  Sound,     ///< It is no damage.
  Foreign,   ///< Somebody else's, or of a newer SQLite: opened, perhaps for reading only, or refused; not replaced.
  Any,       ///< Whatever holds for all.
};

struct DamageKind {
  const char* name;
  DamageFate fate;
  void (*make)(const DamagePlace& place);
  /// SQLite itself takes what lies beside the file over, before anybody can know.
  bool hasJournal = false;
  bool foreignSchema = false;
  bool isNothing = false;  ///< Without a backup nobody can know that there was anything.
};

const std::vector<DamageKind>& damageKinds();
OriginalFiles makeOriginalFiles(const TempDirectory& directory);

}  // namespace holdfast::test
