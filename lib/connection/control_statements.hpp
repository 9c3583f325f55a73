#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <sqlite3.h>

namespace holdfast {

/// Transaction control of one handle, prepared beforehand: none of it needs memory when there is none left.
/// Savepoints all carry one name; SQLite then means the innermost.
class ControlStatements {
 public:
  enum class Kind : std::uint8_t { BeginImmediate, Begin, Commit, Rollback, Savepoint, Release, RollbackTo };

  ControlStatements() = default;
  ControlStatements(const ControlStatements&) = delete;
  ControlStatements& operator=(const ControlStatements&) = delete;
  ~ControlStatements() { finalize(); }

  /// Prepares all seven. Throws Error.
  void prepare(sqlite3* handle);
  /// Runs one. Returns SQLite's extended result code; SQLITE_OK where it took effect.
  int run(Kind kind) noexcept;
  /// Must run before the handle closes.
  void finalize() noexcept;

 private:
  static constexpr std::size_t kKinds = 7;
  static constexpr int kRunsBetweenResets = 64;
  void forgetSteps() noexcept;

  int runs_ = 0;
  std::array<sqlite3_stmt*, kKinds> statements_{};
};

}  // namespace holdfast
