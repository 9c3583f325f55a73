#include "storage/replacement.hpp"

#include <utility>

#include <holdfast/error.hpp>

#include "connection/database_copy.hpp"
#include "connection/salvage.hpp"
#include "core/port/file_changes.hpp"
#include "storage/backup_rules.hpp"
#include "storage/file_check.hpp"
#include "storage/file_error.hpp"

namespace holdfast {
namespace {

constexpr int kMostGenerations = 9;

bool isDamage(const Error& error) {
  return error.code() == ErrorCode::Corrupt || error.code() == ErrorCode::NotADatabase;
}

void check(int error, const std::string& path, const char* what) {
  if (error != 0) throwFileError(path, what, error);
}

}  // namespace

Replacement::Replacement(std::string path, std::string backup, std::string_view readySuffix)
    : path_(std::move(path)), backup_(std::move(backup)), making_(path_ + ".restoring"), readySuffix_(readySuffix) {}

bool Replacement::isReady() const { return port::exists(readyName()); }

bool Replacement::hasBackup() const {
  if (backup_.empty()) return false;
  for (int generation = 0; generation <= kMostGenerations; ++generation) {
    if (port::fileFacts(generationName(backup_, generation)).sizeBytes > 0) return true;
  }
  return false;
}

void Replacement::clear() const {
  for (const char* suffix : {"-journal", "-wal", "-shm", ""}) {
    if (port::exists(making_ + suffix)) check(port::removeFile(making_ + suffix), making_, "removed");
  }
  if (isReady()) check(port::removeFile(readyName()), readyName(), "removed");
}

void Replacement::begin() const {
  clear();
  check(port::createPrivateFile(making_), making_, "created");
}

void Replacement::end() const {
  check(port::syncFile(making_), making_, "synced");
  check(port::renameFile(making_, readyName()), making_, "renamed");
  check(port::syncDirectoryOf(path_), readyName(), "made durable");
}

void Replacement::publish() const {
  check(port::renameFile(readyName(), path_), readyName(), "renamed");
  check(port::syncDirectoryOf(path_), path_, "made durable");
}

void Replacement::copyGeneration(const std::string& name) {
  begin();
  {
    PlainDatabase backup(name, PlainDatabase::Mode::Alone);
    copyWhole(backup, making_, {});
  }
  FileCheck made(making_, {});
  const VerifyResult result = made.run(VerifyDepth::Full);
  if (result == VerifyResult::Sound || result == VerifyResult::RowsInvalid) return;
  throw Error(ErrorCode::Corrupt,
              "it is " + std::string(toText(result)) + (made.findings().empty() ? "" : ": " + made.findings().front()));
}

bool Replacement::fromBackup(RecoveryReport& report, std::vector<std::string>& warnings) {
  if (backup_.empty()) return false;
  for (int generation = 0; generation <= kMostGenerations; ++generation) {
    const std::string name = generationName(backup_, generation);
    const port::FileFacts facts = port::fileFacts(name);
    if (facts.kind != port::FileKind::Regular || facts.sizeBytes == 0) continue;
    try {
      copyGeneration(name);
      end();
      report.backup = name;
      report.action = RecoveryAction::Restored;
      return true;
    } catch (const Error& error) {
      // One that cannot be read is not there; room that is missing for a copy is no reason to take an older one.
      if (!isDamage(error) && error.code() != ErrorCode::IoError) throw;
      warnings.push_back("the backup \"" + name + "\" cannot be used: " + error.reason());
    }
  }
  clear();
  return false;
}

void Replacement::fromFile(const std::string& name, const std::function<void(PlainDatabase&)>& amend) {
  copyGeneration(name);
  {
    PlainDatabase made(making_, PlainDatabase::Mode::Write);
    amend(made);
  }
  end();
}

bool Replacement::copyWithoutLog() {
  if (!port::exists(path_ + "-wal")) return false;
  try {
    begin();
    PlainDatabase alone(path_, PlainDatabase::Mode::Alone);
    copyWhole(alone, making_, {});
  } catch (const Error& error) {
    if (isDamage(error)) return false;
    throw;
  }
  FileCheck made(making_, {});
  return made.run(VerifyDepth::Full) == VerifyResult::Sound;
}

void Replacement::salvage(PlainDatabase::Mode mode, RecoveryReport& report) {
  begin();
  {
    PlainDatabase source(path_, mode);
    PlainDatabase target(making_, PlainDatabase::Mode::Write);
    report.salvage = salvageTables(source, target);
  }
  if (report.salvage.tables == 0) throw Error(ErrorCode::Corrupt, "no table of the database can be read");
  FileCheck made(making_, {});
  if (made.run(VerifyDepth::Full) == VerifyResult::Sound) return;
  throw Error(ErrorCode::Corrupt, "what was read of the database does not fit together");
}

void Replacement::fromDamaged(RecoveryReport& report) {
  report.action = RecoveryAction::Salvaged;
  if (copyWithoutLog()) {
    report.salvage.notes.emplace_back("the log beside the database was left out: the file alone is sound");
    return end();
  }
  salvage(PlainDatabase::Mode::Write, report);
  end();
}

}  // namespace holdfast
