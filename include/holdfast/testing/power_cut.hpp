#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <holdfast/testing/recording.hpp>

namespace holdfast::testing {

/// What a device promises when its power fails.
struct Device {
  /// What it writes as a whole or not at all, in bytes: a power of two, 512 to 65536.
  std::size_t sectorBytes = 512;
  /// The aligned block around a write under way that a cut may ruin, in bytes, what was durable in it included: a power
  /// of two up to 65536. 0: nothing but the bytes being written (SQLite's "powersafe overwrite").
  std::size_t damageBytes = 0;
  /// Sectors that were being written may hold noise, not only the old or the new bytes.
  bool noise = true;
};

/// Files as a device keeps them: what is durable, and what is under way. Fed with recorded operations, it tells what a
/// power cut leaves behind.
///
/// A sync makes the file durable, nothing else; a name becomes durable when its directory is synced. Until then any
/// part of what was asked for may survive, in any order, and each new or deleted name may or may not. After a failed
/// sync nobody can know: the kernel takes the pages for written.
class DiskModel {
 public:
  explicit DiskModel(const Recording& recording);

  /// Throws Error{InvalidArgument} for sizes that are none of a device.
  static void validate(const Device& device);
  void apply(const Operation& operation);
  /// What is left where the power fails now. `underWay`: the operation that had been begun, or null.
  Files cut(const Device& device, std::mt19937_64& random, const Operation* underWay) const;
  /// What an application sees that goes on.
  Files live() const;

 private:
  enum class Fate : std::uint8_t { Durable, UnderWay, Unknowable };
  struct Change {
    const Operation* operation;
    std::uint64_t order;
    Fate fate;
  };
  struct File {
    std::string base;  ///< Durable.
    std::vector<Change> changes;
  };
  struct NameChange {
    std::string name;
    std::size_t file;  ///< kNone: deleted.
    std::uint64_t order;
    std::string from;  ///< What it was called before; empty where it is not a rename.
  };
  using Names = std::map<std::string, std::size_t>;
  class Survival;
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  static void carryOut(const NameChange& change, Names& names);
  /// With what is under way.
  std::size_t fileCalled(const std::string& name) const;
  void settle(File& file, Fate fate);
  std::string contentAfter(const File& file, Survival& survival) const;
  void damage(std::string& content, const File& file, const Device& device, std::mt19937_64& random) const;

  std::vector<File> files_;
  Names names_;  ///< Durable.
  std::vector<NameChange> nameChanges_;
  std::uint64_t order_ = 0;
};

}  // namespace holdfast::testing
