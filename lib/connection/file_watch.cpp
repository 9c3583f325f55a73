#include "connection/file_watch.hpp"

#include <cerrno>

#include <holdfast/error.hpp>

#include "core/port/files.hpp"

namespace holdfast {
namespace {

#if defined(ESTALE)
constexpr int kAnother = ESTALE;
#else
constexpr int kAnother = ENOENT;
#endif

/// 0 where it is the same one, else what is wrong. A file that was not there before is taken for the right one.
int compare(port::FileIdentity& known, const port::FileIdentity& found) noexcept {
  if (found.error != 0) return found.error;
  if (known.error != 0) known = found;
  return known.device == found.device && known.inode == found.inode ? 0 : kAnother;
}

}  // namespace

FileWatch::FileWatch(const std::string& path, const std::string& logPath)
    : path_(path), logPath_(logPath), file_(port::fileIdentity(path_.c_str())) {
  if (!logPath_.empty()) log_ = port::fileIdentity(logPath_.c_str());
  sizeBytes_ = file_.sizeBytes;
  logSizeBytes_ = log_.sizeBytes;
}

bool FileWatch::lookAt(Time now) noexcept {
  const port::FileIdentity found = port::fileIdentity(path_.c_str());
  const bool logToo = !logPath_.empty() && (error_ != 0 || now - lookedAtLog_ >= kFresh);
  error_ = compare(file_, found);
  sizeBytes_ = found.sizeBytes;
  looked_ = now;
  if (error_ != 0 || !logToo) return error_ == 0;
  const port::FileIdentity log = port::fileIdentity(logPath_.c_str());
  error_ = compare(log_, log);
  logSizeBytes_ = log.sizeBytes;
  lookedAtLog_ = now;
  return error_ == 0;
}

void FileWatch::raise() const {
  throw Error(ErrorCode::CannotOpen,
              error_ == ENOENT     ? "the database file or its log was deleted or moved while it was open: put it back"
              : error_ == kAnother ? "another file lies where the database was: put it back, or close() first"
                                   : "the database file cannot be looked at any more: " + port::errorText(error_),
              0, error_);
}

}  // namespace holdfast
