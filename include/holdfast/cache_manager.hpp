#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <holdfast/clock.hpp>
#include <holdfast/units.hpp>

namespace holdfast {

struct CacheOptions {
  /// Entries are loaded anew after it; zero: they do not age.
  std::chrono::milliseconds ttl{std::chrono::minutes{5}};
  /// The least recently used goes first. Zero: nothing is kept.
  std::size_t maxEntries = 1000;
  /// Of values, keys and what the cache needs for them.
  std::int64_t maxBytes = 256 * KiB;
  /// That nothing was found is kept, too.
  bool negativeEntries = true;
  std::shared_ptr<const Clock> clock = nullptr;  ///< Nothing: the system's.
  /// The name of a key, where keys are no text: for invalidating by name and by pattern, and for errors.
  std::function<std::string(std::string_view key)> nameOf = nullptr;
};

struct CacheMetrics {
  std::uint64_t hits = 0;          ///< Negative ones included.
  std::uint64_t negativeHits = 0;  ///< Found that there is nothing.
  std::uint64_t misses = 0;
  std::uint64_t sharedLoads = 0;    ///< Misses that took what another thread was loading.
  std::uint64_t evictions = 0;      ///< For want of room.
  std::uint64_t expirations = 0;    ///< Past their time.
  std::uint64_t invalidations = 0;  ///< Because what they were made from has changed, or by name.
  std::size_t entries = 0;
  std::int64_t bytes = 0;
  double hitRate = 0;  ///< hits / (hits + misses).
};

/// What the cached values were made from, which has parts that change: the tables of a database.
class CacheSource {
 public:
  using Parts = std::uint64_t;  ///< One bit each.
  static constexpr Parts kAllParts = ~Parts{0};
  /// A number that changes with each change of one of the parts; nothing where one is being changed or that is not
  /// known: then the cache is passed by. Under the cache's lock: must not block, nor call the cache.
  virtual std::optional<std::uint64_t> version(Parts parts) noexcept = 0;

 protected:
  ~CacheSource() = default;
};

class ProcessMemory;

/// Keeps values by name, for a time, the most recently used ones, within bounds. Knows no SQL.
///
/// Values are shared and never changed. A value whose source has changed since is not found again. Where several
/// threads miss the same key at once one of them loads it, and the others take its value, unless the source changed
/// before they asked. Any thread. Under the cache's lock run CacheSource::version(), nameOf, what take() is given, and
/// the destructors of values: they must not call the cache.
class CacheManager {
 public:
  using Parts = CacheSource::Parts;

  /// `source` must outlive the cache; null: values only age.
  explicit CacheManager(const CacheOptions& options = {}, CacheSource* source = nullptr);
  CacheManager(const CacheManager&) = delete;
  CacheManager& operator=(const CacheManager&) = delete;
  ~CacheManager();

  /// What a load gives the cache.
  template <typename T>
  struct Loaded {
    std::shared_ptr<const T> value;  ///< Null: there is nothing.
    std::int64_t bytes = 0;          ///< What it takes besides sizeof(T).
    Parts parts = 0;                 ///< Of the source that it was made from.
  };

  /// The value of the key; where it is not here `load()`, which returns Loaded<T>, is called and its value kept. What
  /// it throws travels on, and nothing is kept. `parts`: what it is likely to be made from; kAllParts where nobody
  /// knows. Blocks for another thread that loads the same, no longer than `patience`, where there is one. Throws
  /// Error{Misuse} where the key has a value of another type.
  template <typename T, typename Load>
    requires std::is_same_v<std::invoke_result_t<Load&>, Loaded<T>>
  std::shared_ptr<const T> get(std::string_view key, Parts parts, Load&& load,
                               std::optional<std::chrono::milliseconds> patience = {}) {
    std::shared_ptr<const void> value;
    if (find(key, parts, &kTypeOf<T>, value)) return std::static_pointer_cast<const T>(std::move(value));
    Ticket ticket;
    if (await(key, parts, &kTypeOf<T>, patience, value, ticket)) {
      return std::static_pointer_cast<const T>(std::move(value));
    }
    Loading loading(*this, ticket);
    Loaded<T> loaded = load();
    loading.keep(key, {loaded.value, &kTypeOf<T>, loaded.bytes + static_cast<std::int64_t>(sizeof(T)), loaded.parts});
    return std::move(loaded.value);
  }
  /// Calls `take(const T*)` with the value of the key (null: there is nothing) under the cache's lock, where the cache
  /// has it: cheaper than sharing it. False where it has not.
  template <typename T, typename Take>
    requires std::invocable<Take&, const T*>
  bool take(std::string_view key, Parts parts, Take take) {
    const auto call = [](void* taker, const void* value) {
      (*static_cast<Take*>(taker))(static_cast<const T*>(value));
    };
    return takeUnderLock(key, parts, &kTypeOf<T>, std::addressof(take), call);
  }
  /// The same without a source: `load()` returns std::optional<T>.
  template <typename T, typename Load>
    requires std::is_same_v<std::invoke_result_t<Load&>, std::optional<T>>
  std::shared_ptr<const T> get(std::string_view key, Load&& load) {
    return get<T>(key, Parts{0}, [&load] {
      std::optional<T> value = load();
      return Loaded<T>{value ? std::make_shared<const T>(std::move(*value)) : nullptr};
    });
  }

  /// Forgets one name. Whether it was here.
  bool invalidate(std::string_view name);
  /// Forgets the names that the pattern fits: `*` for any characters, `?` for one. Returns their number. What is being
  /// loaded is not kept.
  std::size_t invalidatePattern(std::string_view pattern);
  void clear();
  /// Forgets the least recently used until at most so many bytes are held.
  void shrink(std::int64_t bytes);

  std::int64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }
  /// Of all caches of the process.
  static std::int64_t totalBytes() noexcept { return totalBytes_.load(std::memory_order_relaxed); }
  /// Of those that have a source, as the caches of repositories have: these count within memoryLimit.
  static std::int64_t sourcedBytes() noexcept { return sourcedBytes_.load(std::memory_order_relaxed); }
  /// Forgets the least recently used until it holds its part of what all may hold, where they hold more.
  void trim() noexcept;
  CacheMetrics metrics() const;
  /// Returns when nobody is asking the source any more who began before.
  void awaitReaders() noexcept;

 private:
  struct State;
  struct Flight;
  friend class ProcessMemory;
  /// What caches with a source may hold together, asked at each new entry; null: as much as each of them may. Set by
  /// open databases that have a memory limit.
  static void boundTotal(std::int64_t (*most)() noexcept) noexcept { mostInTotal_.store(most); }
  template <typename T>
  inline static constexpr char kTypeOf = 0;

  struct Kept {
    std::shared_ptr<const void> value;
    const void* type = nullptr;
    std::int64_t bytes = 0;
    Parts parts = 0;
  };
  /// What a miss remembers of the state that it loads.
  struct Ticket {
    std::shared_ptr<Flight> flight;  ///< Null: others are not told.
    Parts parts = 0;
    std::optional<std::uint64_t> version;  ///< Of `parts`.
    std::uint64_t epoch = 0;               ///< Invalidations by name so far.
  };
  /// Ends a load, with its value or without.
  class Loading {
   public:
    Loading(CacheManager& cache, Ticket& ticket) noexcept : cache_(cache), ticket_(ticket) {}
    Loading(const Loading&) = delete;
    Loading& operator=(const Loading&) = delete;
    ~Loading() {
      if (ticket_.flight != nullptr) cache_.land(ticket_, nullptr);
    }
    void keep(std::string_view key, const Kept& kept) { cache_.keep(key, ticket_, kept); }

   private:
    CacheManager& cache_;
    Ticket& ticket_;
  };

  using Taker = void (*)(void* taker, const void* value);
  bool takeUnderLock(std::string_view key, Parts parts, const void* type, void* taker, Taker call);
  /// Whether the cache has it.
  bool find(std::string_view key, Parts parts, const void* type, std::shared_ptr<const void>& value);
  /// Whether it has it by now, or another thread has loaded it; else it is the caller's to load.
  bool await(std::string_view key, Parts parts, const void* type, std::optional<std::chrono::milliseconds> patience,
             std::shared_ptr<const void>& value, Ticket& ticket);
  void keep(std::string_view key, Ticket& ticket, const Kept& kept);
  void land(Ticket& ticket, const Kept* kept) noexcept;
  /// As far as the bound of all caches goes: what is left of it, and at least an equal part, so that one that is full
  /// and never asked does not keep the others empty.
  std::int64_t bytesAllowed() const noexcept;

  std::unique_ptr<State> state_;
  std::atomic<std::int64_t> bytes_{0};
  inline static constinit std::atomic<std::int64_t> totalBytes_{0};
  inline static constinit std::atomic<std::int64_t> sourcedBytes_{0};
  inline static constinit std::atomic<std::int64_t> sourced_{0};  ///< Caches with a source.
  inline static constinit std::atomic<std::int64_t (*)() noexcept> mostInTotal_{nullptr};
};

}  // namespace holdfast
