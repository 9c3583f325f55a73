#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <holdfast/connection_config.hpp>

namespace bench {

/// One side of a comparison: point reads by key on several threads and updates on one, on a database of its own. Its
/// log holds a few commits from the start; synchronous is NORMAL.
class ReadingSide {
 public:
  virtual ~ReadingSide() = default;

  virtual std::int64_t read(std::size_t thread, std::int64_t id) = 0;
  /// A transaction of its own; by one thread at a time.
  virtual void update(std::int64_t id) = 0;
};

/// `rows` rows, read by `threads` threads.
struct ReadingPlan {
  std::string path;
  std::int64_t rows = 0;
  std::size_t threads = 1;
};

/// A bare handle for each thread and one that writes.
std::unique_ptr<ReadingSide> bareSide(const ReadingPlan& plan);
/// A pool; `readAnchor` nothing: as it is by default.
std::unique_ptr<ReadingSide> poolSide(const ReadingPlan& plan, std::optional<bool> readAnchor = {});
/// Whether the library has ConnectionConfig::readAnchor.
bool hasReadAnchor() noexcept;

}  // namespace bench
