#include "connection/salvage.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <sqlite3.h>

#include "connection/page_checks.hpp"
#include "connection/salvage_rows.hpp"
#include "connection/sqlite_error.hpp"

namespace holdfast {
namespace {

constexpr std::size_t kMostNotes = 100;

struct SchemaObject {
  std::string type;
  std::string name;
  std::string sql;

  bool isTable() const { return type == "table"; }
  bool isVirtual() const { return sqlite3_strnicmp(sql.c_str(), "CREATE VIRTUAL", 14) == 0; }
  /// Made by SQLite itself, or no text that SQLite has written there.
  bool isInternal() const { return name.starts_with("sqlite_") || sqlite3_strnicmp(sql.c_str(), "CREATE ", 7) != 0; }
};

/// While it lives a text of the damaged schema, which anybody may have written, can define an object and do nothing else:
/// CREATE TABLE ... AS would read what it likes for as long as it likes.
class OnlyDefinitions {
 public:
  explicit OnlyDefinitions(sqlite3* handle) noexcept : handle_(handle) {
    sqlite3_set_authorizer(handle, &judge, nullptr);
  }
  OnlyDefinitions(const OnlyDefinitions&) = delete;
  OnlyDefinitions& operator=(const OnlyDefinitions&) = delete;
  ~OnlyDefinitions() { sqlite3_set_authorizer(handle_, nullptr, nullptr); }

 private:
  static int judge(void*, int action, const char*, const char*, const char*, const char*) noexcept {
    return action == SQLITE_SELECT || action == SQLITE_CREATE_VTABLE ? SQLITE_DENY : SQLITE_OK;
  }
  sqlite3* handle_;
};

class Salvage {
 public:
  Salvage(PlainDatabase& source, PlainDatabase& target) : source_(source), target_(target) {}

  SalvageReport run() {
    // Then what can be read of a damaged schema is used.
    sqlite3_db_config(source_.handle(), SQLITE_DBCONFIG_DEFENSIVE, 0, nullptr);
    source_.trustInnerPages();
    source_.run("PRAGMA writable_schema=ON");
    readSchema();
    beginTarget();
    for (const SchemaObject& object : schema_) {
      if (object.isTable() && !object.isInternal() && !object.isVirtual()) saveTable(object);
    }
    if (has("sqlite_sequence")) copySequences();
    for (const SchemaObject& object : schema_) {
      if (object.isVirtual() && !object.isInternal()) addVirtual(object);
    }
    for (const char* type : {"index", "view", "trigger"}) {
      for (const SchemaObject& object : schema_) {
        if (object.type == type && !object.isInternal()) make(object);
      }
    }
    target_.run("COMMIT");
    return std::move(report_);
  }

 private:
  void note(const std::string& what) {
    if (report_.notes.size() < kMostNotes) report_.notes.push_back(what);
  }

  void readSchema() {
    const SalvageStatement rows(source_, "SELECT type, name, sql FROM sqlite_schema");
    int code = SQLITE_OK;
    while ((code = sqlite3_step(rows.get())) == SQLITE_ROW) {
      schema_.push_back({columnText(rows.get(), 0), columnText(rows.get(), 1), columnText(rows.get(), 2)});
    }
    if (code != SQLITE_DONE && !isDamage(code)) source_.fail(code, "reading the schema");
    if (code != SQLITE_DONE) note("the schema could be read in part only");
    if (code != SQLITE_DONE && schema_.empty()) source_.fail(code, "reading the schema");
  }

  bool has(std::string_view name) const {
    return std::any_of(schema_.begin(), schema_.end(), [name](const SchemaObject& each) { return each.name == name; });
  }

  /// What is stored in the file besides tables.
  void beginTarget() {
    target_.run("PRAGMA journal_mode=OFF");
    target_.run("PRAGMA synchronous=FULL");
    target_.run("PRAGMA foreign_keys=OFF");
    target_.run("PRAGMA ignore_check_constraints=ON");
    target_.run(("PRAGMA page_size=" + source_.text("PRAGMA page_size")).c_str());
    target_.run(("PRAGMA encoding='" + source_.text("PRAGMA encoding") + "'").c_str());
    if (reservedBytes(source_.handle()) == PageChecks::kBytes) target_.beginChecksums();
    target_.run("BEGIN IMMEDIATE");
    target_.run(("PRAGMA user_version=" + source_.text("PRAGMA user_version")).c_str());
    target_.run(("PRAGMA application_id=" + source_.text("PRAGMA application_id")).c_str());
  }

  /// False where the object cannot be made; the transaction goes on.
  bool make(const SchemaObject& object) {
    try {
      const OnlyDefinitions only(target_.handle());
      target_.run(object.sql.c_str());
      return true;
    } catch (const Error& error) {
      if (categoryOf(error.code()) != ErrorCategory::Request) throw;
      note(object.type + " \"" + object.name + "\": " + error.reason());
      return false;
    }
  }

  void saveTable(const SchemaObject& object) {
    if (!make(object)) return;
    ++report_.tables;
    try {
      TableRows rows(source_, target_, object.name);
      rows.copy();
      add(rows.report());
      if (rows.report().gaps > 0) {
        note("table \"" + object.name + "\": " + std::to_string(rows.report().gaps) + " places could not be read");
      }
    } catch (const SourceDamaged& damage) {
      // Its columns are known from the text of the schema; of its rows nothing is.
      note("table \"" + object.name + "\": " + damage.reason);
      ++report_.gaps;
      report_.rowsLostAtMost.reset();
    }
  }

  void add(const SalvageReport& rows) {
    report_.rowsKept += rows.rowsKept;
    report_.gaps += rows.gaps;
    if (!rows.rowsLostAtMost) report_.rowsLostAtMost.reset();
    if (report_.rowsLostAtMost) *report_.rowsLostAtMost += *rows.rowsLostAtMost;
  }

  void copySequences() {
    // Made by SQLite with the first AUTOINCREMENT table; what a row brought itself may have been counted already.
    if (target_.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'sqlite_sequence'") == 0) return;
    try {
      TableRows rows(source_, target_, "sqlite_sequence");
      target_.run("DELETE FROM sqlite_sequence");
      rows.copy();
    } catch (const SourceDamaged& damage) {
      note("sqlite_sequence: " + damage.reason);
    }
  }

  /// As it is: making it would make its tables, which are there already.
  void addVirtual(const SchemaObject& object) {
    sqlite3_db_config(target_.handle(), SQLITE_DBCONFIG_DEFENSIVE, 0, nullptr);
    target_.run("PRAGMA writable_schema=ON");
    const SalvageStatement insert(target_, "INSERT INTO sqlite_schema VALUES ('table', ?1, ?1, 0, ?2)");
    sqlite3_bind_text(insert.get(), 1, object.name.c_str(), -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(insert.get(), 2, object.sql.c_str(), -1, SQLITE_TRANSIENT);
    const int code = sqlite3_step(insert.get());
    if (code != SQLITE_DONE) target_.fail(code, "adding a virtual table");
    target_.run("PRAGMA writable_schema=OFF");
    sqlite3_db_config(target_.handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  }

  PlainDatabase& source_;
  PlainDatabase& target_;
  std::vector<SchemaObject> schema_;
  SalvageReport report_;
};

}  // namespace

SalvageReport salvageTables(PlainDatabase& source, PlainDatabase& target) {
  try {
    return Salvage(source, target).run();
  } catch (const SourceDamaged& damage) {
    throw Error(damage.code, "not even the schema can be read: " + damage.reason);
  }
}

}  // namespace holdfast
