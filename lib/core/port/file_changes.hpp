#pragma once

#include <string>

#include "core/port/files.hpp"

namespace holdfast::port {

// Changes of files that nobody has open. Each returns 0 or errno, and ENOMEM where a name could not be put together.
// Not on a device: what needs them is left out there.

/// Makes the file's content durable.
int syncFile(const std::string& path) noexcept;

/// Makes names in the directory of `path` durable. 0 where the file system cannot do that.
int syncDirectoryOf(const std::string& path) noexcept;

/// Gives the file another name in the same file system; what had that name is replaced in one step.
int renameFile(const std::string& from, const std::string& to) noexcept;

/// 0 also where there is none.
int removeFile(const std::string& path) noexcept;

/// Whether another file system is mounted in that directory. False where it cannot be looked at.
bool isMountPoint(const std::string& directory) noexcept;

/// Makes such a change, past whoever watches names.
int changeNames(NameWatch::Change change, const std::string& path, const std::string& other,
                int (*carryOut)(const std::string& path, const std::string& other)) noexcept;

}  // namespace holdfast::port
