#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <holdfast/connection_pool.hpp>

#include "memory_stress/options.hpp"

namespace bench {

/// The database that the load runs on: `record`, rows of 1 KiB with an index, and `large`, rows of 64 KiB.
struct Database {
  std::int64_t rows = 0;  ///< Their ids are 1 to rows.
  std::int64_t largeRows = 0;
  std::int64_t bytes = 0;
  bool reused = false;
  double seconds = 0;  ///< That making it took.
};

inline constexpr std::size_t kPayloadBytes = 1024;
inline constexpr std::size_t kLargeBytes = 64 * 1024;
/// Values of `device`, which is indexed.
inline constexpr std::int64_t kDevices = 64;

/// The settings of a pool under load: the budget (0: none), and one handle or waiter more or less nowhere.
holdfast::ConnectionConfig stressConfig(const std::string& path, std::size_t handles, std::int64_t limit);
holdfast::ConnectionConfig stressConfig(const Options& options);

/// Makes the database, through holdfast and within the budget, or takes over what an earlier run kept where it has the
/// right size. `announce` is told how far it is. Throws holdfast::Error, or std::runtime_error where the file belongs
/// to somebody else.
Database prepareDatabase(const Options& options, const std::function<void(const std::string&)>& announce);

/// Deletes the database and what SQLite keeps beside it.
void removeDatabase(const Options& options);

/// The writes that the database shows, over all rows and its whole life.
std::int64_t countWrites(const Options& options);

/// The rows that operations read and write.
std::int64_t countRows(const Options& options);

/// SQLite's own opinion, "ok" where it finds nothing wrong.
std::string checkIntegrity(const Options& options);

}  // namespace bench
