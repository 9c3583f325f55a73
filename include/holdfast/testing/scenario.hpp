#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <holdfast/error.hpp>

struct sqlite3;

namespace holdfast::testing {

class FaultyDisk;

/// One run of a scenario's work: where it works, and what it has been told. Any thread.
class Attempt {
 public:
  Attempt(FaultyDisk& disk, std::string database, std::uint64_t seed);

  const std::string& database() const noexcept { return database_; }
  /// Differs from run to run and is the same when a point is replayed: for work with variety.
  std::uint64_t seed() const noexcept { return seed_; }

  /// The transaction of that number is about to be tried. Numbers are the work's own, each used once.
  void begin(std::int64_t transaction);
  /// It was reported as committed: from now on it must be there.
  void acknowledge(std::int64_t transaction);
  /// It was reported as not committed: it must never be there.
  void refuse(std::int64_t transaction);
  /// begin(), `body()`, then acknowledge(), or refuse() where it throws an Error that says so (any but OutcomeUnknown).
  /// Returns whether it was acknowledged. An exception goes no further, unless the disk has been healed: then it is
  /// thrown on.
  template <typename F>
  bool transaction(std::int64_t number, F&& body) {
    begin(number);
    try {
      body();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::OutcomeUnknown) refuse(number);
      if (isHealed()) throw;
      return false;
    } catch (const std::exception&) {
      if (isHealed()) throw;
      return false;
    }
    acknowledge(number);
    return true;
  }

  /// No call fails any more: what the work throws from now on is a finding. Work that does not call this is not asked
  /// to heal.
  void heal() noexcept;
  bool isHealed() const noexcept;

  /// What was said about a transaction, and how many changes of files had been made by then.
  struct Mark {
    enum class Kind : std::uint8_t { Begun, Acknowledged, Refused };
    std::int64_t transaction;
    Kind kind;
    std::size_t position;
  };
  std::vector<Mark> marks() const;

 private:
  void mark(std::int64_t transaction, Mark::Kind kind);

  FaultyDisk& disk_;
  std::string database_;
  std::uint64_t seed_;
  mutable std::mutex mutex_;
  std::vector<Mark> marks_;
  bool healed_ = false;
};

/// What is put under faults: an application's own code and what must hold of its database afterwards. `name`, `setUp`,
/// `work` and `invariant` are needed.
struct Scenario {
  /// Part of the id of each point; without blanks and colons.
  std::string name;
  /// Makes the database, on a disk that is well, and closes it. Called once for each set of runs.
  std::function<void(const std::string& database)> setUp;
  /// What is done while faults happen; closes what it opens. Called for each run, on a copy of what setUp() made.
  std::function<void(Attempt& attempt)> work;
  /// What the application does when it starts again: opens the database and closes it. May itself be cut short. Null:
  /// nothing, plain SQLite recovers.
  std::function<void(const std::string& database)> restart;
  /// Says what is wrong with the database, or nothing (an empty text). The handle is plain SQLite's, on the plain file
  /// layer. `PRAGMA integrity_check` has passed by then.
  std::function<std::string(sqlite3* database)> invariant;
  /// The numbers of the transactions that are in the database, in the order of commit. Null: acknowledged ones are not
  /// looked for.
  std::function<std::vector<std::int64_t>(sqlite3* database)> committed;
};

}  // namespace holdfast::testing
