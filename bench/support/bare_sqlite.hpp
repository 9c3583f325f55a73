#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

/// An error of the bare C interface, with SQLite's result code.
class BareError : public std::runtime_error {
 public:
  BareError(int code, const std::string& message) : std::runtime_error(message), code_(code) {}
  /// The primary result code.
  int code() const noexcept { return code_ & 0xff; }

 private:
  int code_;
};

/// The settings that both sides of a comparison share.
struct BareSettings {
  std::int64_t cacheBytes = 0;  ///< 0: SQLite's default, 2000 KiB.
  bool syncCommits = true;      ///< synchronous FULL, else NORMAL.
  int busyTimeoutMs = 3000;
  int checkpointPages = 1000;
};

/// The PRAGMA statements that make a handle so, for contenders that open theirs in another way.
std::vector<std::string> pragmasOf(const BareSettings& settings);

/// An SQLite handle as a careful application would open it by hand: without SQLite's mutex, in WAL mode, without
/// mapping. What the library is measured against.
class BareHandle {
 public:
  BareHandle(const std::string& path, const BareSettings& settings);
  ~BareHandle();
  BareHandle(const BareHandle&) = delete;
  BareHandle& operator=(const BareHandle&) = delete;

  sqlite3* get() const noexcept { return handle_; }
  void execute(const char* sql);

 private:
  sqlite3* handle_ = nullptr;
};

/// A prepared statement, kept for the life of its handle. Hot loops use get() and the C interface.
class BareStatement {
 public:
  BareStatement(const BareHandle& handle, const char* sql);
  ~BareStatement();
  BareStatement(const BareStatement&) = delete;
  BareStatement& operator=(const BareStatement&) = delete;

  sqlite3_stmt* get() const noexcept { return statement_; }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

/// Throws BareError for the handle's last error.
[[noreturn]] void throwBareError(sqlite3* handle);
/// The same, from a statement that failed; resets it first, as its next use needs it.
[[noreturn]] void throwBareError(sqlite3_stmt* statement);

}  // namespace bench
