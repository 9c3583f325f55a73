#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <holdfast/holdfast.hpp>

#include "support/manual_clock.hpp"

namespace holdfast::test {

/// What became of a write.
enum class Fate : std::uint8_t { Untried, Refused, Acknowledged, Unknown };

/// A pool on a database of its own, which keeps account of what it was asked to write and what it said about that.
///
/// The table `item(id INTEGER PRIMARY KEY, name TEXT UNIQUE, body TEXT, amount REAL)` has kRows rows named "old 0", ...
class World {
 public:
  static constexpr int kRows = 60;

  /// Makes the file that every world begins with.
  static void makeTemplate(const std::string& path);

  /// Copies the template to `path`. Nothing is open yet.
  World(const std::string& templatePath, std::string path);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  void open() { pool.open(config); }

  /// Runs `write`, which adds `rows` rows whose names begin with `name` where it succeeds, and none where it throws.
  /// Takes no memory, and lets what is thrown travel on.
  template <typename F>
  void claim(const char* name, int rows, F&& write) {
    Claim& claimed = newClaim(name, rows);
    try {
      write();
      claimed.fate = Fate::Acknowledged;
    } catch (const Error& error) {
      claimed.fate = error.code() == ErrorCode::OutcomeUnknown ? Fate::Unknown : Fate::Refused;
      throw;
    } catch (...) {
      claimed.fate = Fate::Refused;
      throw;
    }
  }
  /// The same for a write whose future tells, at the latest in check().
  template <typename F>
  void claimLater(const char* name, int rows, F&& write) {
    Claim& claimed = newClaim(name, rows);
    claimed.fate = Fate::Refused;
    claimed.future.emplace(write());
  }

  /// Waits for the futures of claimLater(). The first error travels on.
  void await();

  /// Once there is memory again: whether the pool works on, and the file holds what was acknowledged and nothing that
  /// was refused. Empty, or what is wrong.
  std::string check();

  ConnectionConfig config;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  ConnectionPool pool;
  /// Of the scenario: what it needs beside the pool.
  std::string text;
  std::optional<Observation> observation;
  std::optional<PooledConnection> lease;
  int calls = 0;

 private:
  struct Claim {
    const char* name = nullptr;
    int rows = 0;
    Fate fate = Fate::Untried;
    std::optional<Future<RunResult>> future;
  };

  Claim& newClaim(const char* name, int rows);
  void settle(Claim& claim);
  std::string checkPool();
  std::string checkFile() const;

  std::array<Claim, 12> claims_;
  std::atomic<std::size_t> claimCount_{0};  // Threads claim each for itself.
};

}  // namespace holdfast::test
