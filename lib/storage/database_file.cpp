#include "storage/database_file.hpp"

#include <cerrno>

#include <holdfast/error.hpp>

#include "core/out_of_memory.hpp"
#include "core/port/files.hpp"

namespace holdfast {
namespace {

// SQLite's unix VFS takes 512 bytes with the terminating zero, and "-journal" must still fit behind.
constexpr std::size_t kMaxPath = 512 - 1 - 8;

[[noreturn]] void cannotOpen(const std::string& database, const std::string& why) {
  throw Error(ErrorCode::CannotOpen, "\"" + database + "\" " + why);
}

void createFile(const std::string& database, const std::string& path) {
  const int error = port::createPrivateFile(path);
  if (error == 0 || error == EEXIST) return;  // Another process was quicker.
  if (error == ENOMEM) throw outOfMemory();
  const std::string why = "\"" + database + "\" cannot be created: " + port::errorText(error);
  if (error == EROFS || error == EACCES || error == EPERM) throw Error(ErrorCode::ReadOnly, why, 0, error);
  if (error == ENOSPC || error == EDQUOT) throw Error(ErrorCode::StorageFull, why, 0, error);
  throw Error(ErrorCode::CannotOpen, why, 0, error);
}

// SQLite opens these by name and follows links: they would lead its writes elsewhere.
void requireOrdinaryCompanions(const std::string& database, const std::string& path) {
  for (const char* suffix : {"-wal", "-shm", "-journal"}) {
    const port::FileKind kind = port::fileFacts(path + suffix).kind;
    if (kind == port::FileKind::Missing || kind == port::FileKind::Regular) continue;
    cannotOpen(database, std::string("has a \"") + suffix + "\" file beside it that is " +
                             (kind == port::FileKind::Symlink ? "a symbolic link" : "not a regular file") +
                             ": remove it");
  }
}

}  // namespace

DatabaseFile findDatabaseFile(const std::string& database) {
  DatabaseFile file;
  int error = 0;
  file.path = port::absolutePath(database, error);
  if (file.path.empty()) cannotOpen(database, "is in a directory that cannot be used: " + port::errorText(error));
  if (file.path.size() > kMaxPath) {
    cannotOpen(database, "has a path of " + std::to_string(file.path.size()) + " bytes; at most " +
                             std::to_string(kMaxPath) + " are possible");
  }
  const port::FileFacts facts = port::fileFacts(file.path);
  if (facts.error != 0) cannotOpen(database, "cannot be looked at: " + port::errorText(facts.error));
  requireOrdinaryCompanions(database, file.path);
  file.hasLog = port::fileFacts(file.path + "-wal").sizeBytes > 0;
  file.device = facts.device;
  file.inode = facts.inode;
  file.exists = facts.kind == port::FileKind::Regular;
  switch (facts.kind) {
    case port::FileKind::Regular:
    case port::FileKind::Missing: break;
    case port::FileKind::Directory: cannotOpen(database, "is a directory; name a file in it");
    case port::FileKind::Symlink: cannotOpen(database, "is a symbolic link; name the file it points to");
    case port::FileKind::Other: cannotOpen(database, "is not a regular file");
  }
  return file;
}

DatabaseFile prepareDatabaseFile(const std::string& database, bool create) {
  DatabaseFile file = findDatabaseFile(database);
  if (file.exists) return file;
  if (!create) cannotOpen(database, "does not exist, and createIfMissing is off");
  createFile(database, file.path);
  file.created = true;
  return file;
}

}  // namespace holdfast
