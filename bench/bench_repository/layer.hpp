#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench_repository/reading.hpp"

namespace bench {

/// Where a contestant works, and how durable its commits are.
struct Place {
  std::string path;
  bool syncCommits = true;
};

/// What makes a handle that a contestant opened in its own way like the others there.
std::vector<std::string> pragmasFor(const Place& place);

/// A database as an application sees it through the layer that is measured. Throws where something goes wrong.
class Layer {
 public:
  Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;
  virtual ~Layer() = default;

  virtual std::optional<Reading> findById(std::int64_t id) = 0;
  /// So many with this id or a larger one, in the order of the ids.
  virtual std::vector<Reading> findMany(std::int64_t firstId, std::int64_t count) = 0;
  /// In one transaction. SQLite finds the ids; they are in the readings afterwards.
  virtual void createMany(std::vector<Reading>& readings) = 0;
  /// In a transaction of its own; gives the row as it is then.
  virtual std::optional<Reading> update(std::int64_t id, double value) = 0;
  /// The same; whether there was one.
  virtual bool remove(std::int64_t id) = 0;
  /// Any SQL without rows. Not measured: another handle in its place would be a foreign writer to holdfast.
  virtual void execute(const char* sql) = 0;
};

std::unique_ptr<Layer> openBare(const Place& place);
std::unique_ptr<Layer> openHoldfast(const Place& place);
/// With a repository that keeps what it finds.
std::unique_ptr<Layer> openHoldfastCached(const Place& place);
/// Every call makes its statement.
std::unique_ptr<Layer> openSqliteCpp(const Place& place);
/// Statements are prepared once and kept.
std::unique_ptr<Layer> openSqliteCppPrepared(const Place& place);
#if BENCH_HAS_SOCI
std::unique_ptr<Layer> openSoci(const Place& place);
std::unique_ptr<Layer> openSociPrepared(const Place& place);
#endif

struct Contestant {
  const char* name;
  std::unique_ptr<Layer> (*open)(const Place& place);
  /// Whether the goals of the sections are its goals.
  bool hasGoals = false;
};

/// The first is what the others are compared with.
inline constexpr std::array kContestants {
  Contestant{"bare SQLite", openBare}, Contestant{"holdfast", openHoldfast, true},
      Contestant{"SQLiteCpp", openSqliteCpp}, Contestant{"SQLiteCpp, kept statements", openSqliteCppPrepared},
#if BENCH_HAS_SOCI
      Contestant{"SOCI", openSoci}, Contestant{"SOCI, prepared", openSociPrepared},
#endif
      // What differs between two that are the same is the noise of the method.
      Contestant{"bare SQLite once more", openBare},
};

/// For what is found in the cache.
inline constexpr std::array kCacheContestants{Contestant{"bare SQLite", openBare},
                                              Contestant{"holdfast, cached", openHoldfastCached, true},
                                              Contestant{"bare SQLite once more", openBare}};

}  // namespace bench
