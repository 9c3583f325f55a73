#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

namespace holdfast {

/// Why an operation failed.
enum class ErrorCode : std::uint8_t {
  Busy,                ///< Another process holds a lock, or a snapshot became too old to write from.
  Timeout,             ///< The deadline of the call passed while it was being carried out.
  PoolExhausted,       ///< No handle became free before the acquire timeout.
  PoolClosed,          ///< The pool is closed, or was closed while the call waited.
  LeaseRevoked,        ///< The lease was held too long and has been forced back.
  Interrupted,         ///< The statement was interrupted from outside.
  Constraint,          ///< A UNIQUE, NOT NULL, CHECK, FOREIGN KEY or STRICT rule refused the change.
  InvalidSql,          ///< The text is not one valid statement, or names something that does not exist.
  InvalidArgument,     ///< A value, parameter count or column does not fit the request.
  InvalidConfig,       ///< A configuration field is unknown, of the wrong type, or out of range.
  TypeMismatch,        ///< A stored value cannot be read as the requested type.
  Denied,              ///< The statement is not allowed where it was used.
  Misuse,              ///< The library was called in a way it forbids.
  TransactionAborted,  ///< SQLite has already rolled this transaction back; nothing more can be done in it.
  OutcomeUnknown,      ///< COMMIT reported an error and may or may not have taken effect.
  MemoryLimit,         ///< The memory budget is used up.
  StorageFull,         ///< No space is left on the device, or a quota is reached.
  ReadOnly,            ///< The file, medium or handle cannot be written.
  CannotOpen,          ///< The file cannot be opened: missing directory, permission, not a regular file.
  IoError,             ///< Reading or writing the medium failed.
  NotADatabase,        ///< The file exists and is not an SQLite database.
  Corrupt,             ///< The database file is damaged.
  ForkedProcess,       ///< The handle belongs to the parent process.
  Unsupported,         ///< This build of SQLite, or this medium, cannot do it.
  SchemaVersion,       ///< The database's schema is not one that this program's migrations allow it to use.
  Internal,            ///< A state the library holds to be impossible.
};

/// What the caller can do about it.
enum class Recovery : std::uint8_t {
  RetryTransaction,  ///< Run the whole transaction again, after a pause.
  RetryLater,        ///< The load must fall first: fewer callers, a longer timeout, a larger pool.
  FixRequest,        ///< The request itself is wrong and will fail again.
  FreeMemory,        ///< Release memory or raise the limit, then try again.
  FreeSpace,         ///< Delete data or enlarge the storage; reads go on.
  CheckStorage,      ///< Look at path, permissions, mount and medium.
  RestoreBackup,     ///< The content cannot be trusted.
  VerifyOutcome,     ///< Look in the database whether the change is there before repeating it.
  Reopen,            ///< Open the database (again) in this process.
  Stop,              ///< A defect: report it.
};

/// Coarse classes of errors, the input of retry and handle-replacement decisions.
enum class ErrorCategory : std::uint8_t { Contention, Resource, Storage, Corruption, Request, Lifecycle };

std::string_view toText(ErrorCode code) noexcept;
std::string_view toText(Recovery recovery) noexcept;
std::string_view toText(ErrorCategory category) noexcept;
Recovery recoveryOf(ErrorCode code) noexcept;
ErrorCategory categoryOf(ErrorCode code) noexcept;

/// The one exception type of the library.
///
/// The code says why, recovery() says what next, the frames say where. A layer that knows something new adds a
/// frame and lets the same object travel on. No bound value ever appears in the text. Copies share their state,
/// so copying does not throw; one object must not be changed by two threads at once.
class Error : public std::exception {
 public:
  /// `reason` is a short phrase that says what was wrong and, where it helps, what to do.
  Error(ErrorCode code, std::string_view reason);
  /// For an error reported by SQLite: its extended result code and the operating system's errno (0: none).
  Error(ErrorCode code, std::string_view reason, int sqliteCode, int systemErrno);

  ErrorCode code() const noexcept;
  Recovery recovery() const noexcept;
  ErrorCategory category() const noexcept;
  /// The extended result code of SQLite, or 0.
  int sqliteCode() const noexcept;
  /// The errno that SQLite saw in the failing system call, or 0.
  int systemErrno() const noexcept;
  /// The bare reason, without code, frames and context.
  const std::string& reason() const noexcept;
  /// The frames, innermost first, joined by "; in ".
  const std::string& frames() const noexcept;
  /// Memory and pool state when the error passed the pool, for example "memory 3.1/4.0 MiB, pool 2/4 in use".
  const std::string& context() const noexcept;
  /// "code: reason: frame; in frame; context".
  const char* what() const noexcept override;

  /// Names the operation that the error passes through, such as "Connection.run (INSERT INTO reading)".
  Error& addFrame(std::string_view frame);
  /// Sets the context once; later calls change nothing, the place nearest to the fault knows best.
  Error& setContext(std::string_view context);

 private:
  struct State;
  void compose();
  std::shared_ptr<State> state_;
};

}  // namespace holdfast
