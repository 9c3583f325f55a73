#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <sqlite3.h>

#include "connection/change_log.hpp"

namespace holdfast {

/// The authorizer of a handle: refuses, in SQL that comes from the application, what would break the engine
/// (transaction control, ATTACH, settings it relies on), and notes what must be put back when a lease ends.
///
/// It also notes which tables the statements read and write, which SQLite says while it prepares them.
///
/// It judges such SQL while it is prepared. What SQLite prepares while a statement runs is its own (VACUUM is made of
/// an ATTACH and a transaction); only files are then refused still, for VACUUM INTO.
class StatementGuard {
 public:
  /// What statements prepared since reset() may have changed.
  struct Changes {
    bool profileSettings = false;  ///< Settings that applying the profile puts back.
    bool otherState = false;       ///< Temporary objects or other settings: only a fresh handle is clean.
    bool any() const noexcept { return profileSettings || otherState; }
  };

  /// SQL of the application is being prepared while it lives.
  class Judging {
   public:
    explicit Judging(StatementGuard& guard) noexcept : guard_(guard) {
      guard_.judging_ = true;
      guard_.pragmaSeen_ = guard_.temporarySeen_ = false;
    }
    Judging(const Judging&) = delete;
    Judging& operator=(const Judging&) = delete;
    ~Judging() { guard_.judging_ = false; }

   private:
    StatementGuard& guard_;
  };

  /// `changes` knows the tables; null: they are not noted.
  void install(sqlite3* handle, ChangeLog* changes) noexcept;
  struct Tables {
    TableSet reads = 0;
    TableSet writes = 0;
    bool byTriggers = false;  ///< Some of it; or through views.
  };
  /// What was noted since it was taken last.
  Tables takeTables() noexcept { return std::exchange(tables_, {}); }
  TableSet notedWrites() const noexcept { return tables_.writes; }
  bool hasNoted() const noexcept { return (tables_.reads | tables_.writes) != 0 || tables_.byTriggers; }
  /// Whether the statement prepared last changes settings (some act as soon as they are prepared) or makes a temporary
  /// object: it is not to be kept, so that it is judged again each time.
  bool mustNotBeKept() const noexcept { return pragmaSeen_ || temporarySeen_; }
  /// The statement prepared last is going to run.
  void noteRun() noexcept {
    if (temporarySeen_) changes_.otherState = true;
  }
  const Changes& changes() const noexcept { return changes_; }
  void resetChanges() noexcept { changes_ = {}; }
  /// Why the last statement was refused: a static text.
  const char* denialReason() const noexcept { return denialReason_; }

 private:
  static int authorize(void* self, int action, const char* first, const char* second, const char* database,
                       const char* trigger) noexcept;
  void noteTable(int action, const char* table, const char* database) noexcept;
  TableSet bitOf(std::string_view table) noexcept;
  int judge(int action, const char* name, const char* argument, const char* database) noexcept;
  int judgePragma(const char* name, const char* argument) noexcept;
  int deny(const char* reason) noexcept;

  ChangeLog* changeLog_ = nullptr;
  Tables tables_;
  std::string lastTable_;  // It is named once for each of its columns.
  TableSet lastBit_ = 0;
  bool judging_ = false;
  bool pragmaSeen_ = false;
  bool temporarySeen_ = false;
  Changes changes_;
  const char* denialReason_ = "";
};

}  // namespace holdfast
