#include "storage/backup_target.hpp"

#include <new>
#include <string_view>

#include <holdfast/error.hpp>

#include "core/port/file_changes.hpp"
#include "storage/backup_rules.hpp"
#include "storage/check_findings.hpp"
#include "storage/file_error.hpp"

namespace holdfast {
namespace {

constexpr std::string_view kLiveSuffixes[] = {"", "-wal", "-shm", "-journal"};

void rename(const std::string& from, const std::string& to) {
  if (const int error = port::renameFile(from, to); error != 0) throwFileError(from, "renamed", error);
}

}  // namespace

BackupTarget::BackupTarget(const std::string& wanted, const std::string& database, int olderGenerations, IsOpen isOpen)
    : olderGenerations_(olderGenerations) {
  if (wanted.empty() || wanted.back() == '/' || wanted.find('\0') != std::string::npos) {
    throw Error(ErrorCode::InvalidArgument, "a backup needs the path of a file");
  }
  int error = 0;
  path_ = port::absolutePath(wanted, error);
  if (path_.empty()) {
    throw Error(ErrorCode::CannotOpen,
                "\"" + wanted + "\" is in a directory that cannot be used: " + port::errorText(error), 0, error);
  }
  part_ = partName(path_);
  for (const std::string_view suffix : kBackupSuffixes) requireFree(path_ + std::string(suffix), database, isOpen);
  for (int older = 1; older <= olderGenerations_; ++older) {
    requireFree(generationName(path_, older), database, isOpen);
  }
  // Whoever opens the backup would have them applied to it.
  for (const char* suffix : {"-wal", "-journal"}) {
    if (!port::exists(path_ + suffix)) continue;
    throw Error(ErrorCode::Denied, "\"" + path_ + suffix +
                                       "\" lies there: somebody has the backup open as a database, "
                                       "or had; close it, or name another file");
  }
}

BackupTarget::~BackupTarget() {
  if (made_.kind == port::FileKind::Regular) removePart();
}

void BackupTarget::requireFree(const std::string& name, const std::string& database, IsOpen isOpen) const {
  for (const std::string_view suffix : kLiveSuffixes) {
    if (name == database + std::string(suffix)) {
      throw Error(ErrorCode::Denied, "\"" + path_ + "\" as a backup would overwrite the database's own file \"" + name +
                                         "\": name another one");
    }
  }
  const port::FileFacts facts = port::fileFacts(name);
  if (facts.error != 0) throwFileError(name, "looked at", facts.error);
  if (facts.kind == port::FileKind::Missing) return;
  if (facts.kind != port::FileKind::Regular) {
    throw Error(ErrorCode::CannotOpen, "\"" + name + "\" is " +
                                           (facts.kind == port::FileKind::Symlink     ? "a symbolic link"
                                            : facts.kind == port::FileKind::Directory ? "a directory"
                                                                                      : "not a regular file") +
                                           ": a backup does not replace it");
  }
  if (isOpen(facts.device, facts.inode)) {
    throw Error(ErrorCode::Denied, "\"" + name + "\" is a database that this process has open: name another file");
  }
}

void BackupTarget::removePart() const noexcept {
  try {
    for (const std::string_view suffix : {".part-journal", ".part-wal", ".part-shm", ".part"}) {
      port::removeFile(path_ + std::string(suffix));
    }
  } catch (const std::bad_alloc&) {
    port::removeFile(part_);
  }
}

void BackupTarget::begin() {
  removePart();
  if (const int error = port::createPrivateFile(part_); error != 0) throwFileError(part_, "created", error);
  made_ = port::fileFacts(part_);
}

void BackupTarget::requireOwnPart() const {
  const port::FileFacts now = port::fileFacts(part_);
  if (now.device == made_.device && now.inode == made_.inode) return;
  throw Error(ErrorCode::Busy, "another process makes a backup of the same name at the same time: \"" + path_ + "\"");
}

bool BackupTarget::look(const std::string& path, ContentFacts& facts) {
  try {
    PlainDatabase database(path, PlainDatabase::Mode::Alone);
    facts = contentFacts(database);
    return facts.pages * facts.pageBytes == port::fileFacts(path).sizeBytes;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::NotADatabase || error.code() == ErrorCode::Corrupt) return false;
    throw Error(error).addFrame("looking at the backup \"" + path + "\"");
  }
}

void BackupTarget::requireReplaceable(const ContentFacts& fresh) const {
  ContentFacts there;
  if (!port::exists(path_) || !look(path_, there)) return;
  const std::string why = whyKeepBackup(there, fresh);
  if (why.empty()) return;
  throw Error(ErrorCode::Denied, "the backup \"" + path_ + "\" is kept, because " + why +
                                     ": look at it, then name another file or set BackupOptions::replaceAny");
}

void BackupTarget::verify(const ContentFacts& source, const PlainDatabase::Limits& limits) const {
  requireOwnPart();
  PlainDatabase copy(part_, PlainDatabase::Mode::Read);
  copy.setLimits(limits);
  const std::string why = whyNoCopy(contentFacts(copy), source);
  if (!why.empty()) throw Error(ErrorCode::IoError, "the copy is not what was copied: " + why);
  copy.forEach("PRAGMA main.integrity_check(1)", [](std::string_view row) {
    if (row != "ok") throw Error(codeOfFinding(row), "the copy is not known to be sound: " + std::string(row));
    return true;
  });
}

std::string BackupTarget::makeRoom(std::vector<std::string>& warnings) const {
  if (!port::exists(path_)) return {};
  ContentFacts unused;
  if (!look(path_, unused)) {
    // It must not take the place of an older one that may be good.
    rename(path_, badName(path_));
    warnings.push_back("the backup that was there could not be read and is called \"" + badName(path_) + "\" now");
    return badName(path_);
  }
  if (olderGenerations_ == 0) return {};
  for (int older = olderGenerations_ - 1; older >= 0; --older) {
    const std::string name = generationName(path_, older);
    if (port::exists(name)) rename(name, generationName(path_, older + 1));
  }
  return generationName(path_, 1);
}

std::string BackupTarget::publish(std::vector<std::string>& warnings) {
  if (const int error = port::syncFile(part_); error != 0) throwFileError(part_, "synced", error);
  requireOwnPart();
  std::string previous = makeRoom(warnings);
  if (const int error = port::renameFile(part_, path_); error != 0) {
    if (!previous.empty()) port::renameFile(previous, path_);
    throwFileError(part_, "renamed", error);
  }
  made_ = {};
  if (const int error = port::syncDirectoryOf(path_); error != 0) throwFileError(path_, "made durable", error);
  return previous;
}

}  // namespace holdfast
