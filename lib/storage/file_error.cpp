#include "storage/file_error.hpp"

#include <cerrno>

#include <holdfast/error.hpp>

#include "core/out_of_memory.hpp"
#include "core/port/files.hpp"

namespace holdfast {

void throwFileError(const std::string& path, const char* what, int error) {
  if (error == ENOMEM) throw outOfMemory();
  const bool full = error == ENOSPC || error == EDQUOT;
  const bool readOnly = error == EROFS || error == EACCES || error == EPERM;
  const ErrorCode code = full ? ErrorCode::StorageFull : readOnly ? ErrorCode::ReadOnly : ErrorCode::IoError;
  throw Error(code, "\"" + path + "\" cannot be " + what + ": " + port::errorText(error), 0, error);
}

}  // namespace holdfast
