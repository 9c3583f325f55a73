#pragma once

#include <cstdint>
#include <string>

#include <holdfast/connection_config.hpp>
#include <holdfast/testing/scenario.hpp>

namespace holdfast::test {

/// What the ledger's work does.
struct LedgerOptions {
  int writers = 1;
  int transactions = 40;  ///< Of each writer.
  Durability durability = Durability::Full;
  /// Small enough that the log is copied and begun anew several times in a run. 0: the default.
  int checkpointPages = 16;
  std::size_t poolSize = 4;
  int textFactor = 1;          ///< Texts are up to so many times 700 bytes long.
  std::int64_t cacheSize = 0;  ///< 0: the default.
  bool carefulFlash = false;
  /// There is a backup from the beginning, and another one is made half-way; what is damaged is restored.
  bool backsUp = false;
  bool pageChecksums = false;  ///< After each restart every page of the file must have the right one.
  bool addsChecksums = false;  ///< The database that the work begins with has none.
  /// The disk is healed in the end, and one more transaction must be possible without opening the pool again.
  bool heals = false;
};

/// Transfers between accounts, each written down twice with a text that follows from its number: what a transaction
/// wrote is known without having seen it. The engine is a pool of holdfast.
testing::Scenario ledger(const std::string& name, const LedgerOptions& options);

/// The same work by plain SQLite with one handle, in that journal mode and with that `synchronous`.
testing::Scenario plainLedger(const std::string& name, const std::string& journalMode, const std::string& synchronous);

}  // namespace holdfast::test
