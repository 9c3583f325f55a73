#include <holdfast/cache_manager.hpp>

#include <algorithm>
#include <limits>
#include <list>
#include <new>
#include <unordered_map>

#include <holdfast/error.hpp>

#include "cache/name_index.hpp"
#include "cache/wildcard.hpp"
#include "core/port/mutex.hpp"

namespace holdfast {

namespace {

[[noreturn]] void throwOtherType(const std::string& key) {
  throw Error(ErrorCode::Misuse, "the cache holds a value of another type for \"" + key + "\"");
}

}  // namespace

/// One thread loads a key, others wait for what it finds.
struct CacheManager::Flight {
  std::string key;
  Parts parts = 0;
  std::uint64_t version = 0;
  std::uint64_t epoch = 0;
  bool landed = false;
  bool hasValue = false;
  Kept kept;
  port::Condition landing;
};

struct CacheManager::State {
  struct Entry {
    std::string_view name() const noexcept { return key; }
    std::string key;
    Kept kept;
    std::uint64_t version = 0;
    Clock::TimePoint expires{};
    std::int64_t bytes = 0;
    std::uint64_t hash = 0;
    Entry* next = nullptr;
    std::list<Entry>::iterator self{};
  };
  using Entries = std::list<Entry>;

  State(const CacheOptions& wanted, CacheSource* from, std::atomic<std::int64_t>& size)
      : options(wanted), source(from), bytes(size) {}

  const CacheOptions options;
  CacheSource* const source;
  std::atomic<std::int64_t>& bytes;  // Written under the lock.
  mutable port::Mutex mutex;
  Entries entries HOLDFAST_GUARDED_BY(mutex);  // Most recently used first.
  NameIndex<Entry> index HOLDFAST_GUARDED_BY(mutex);
  std::unordered_map<std::string_view, std::shared_ptr<Flight>> flights HOLDFAST_GUARDED_BY(mutex);
  std::uint64_t epoch HOLDFAST_GUARDED_BY(mutex) = 0;
  CacheMetrics figures HOLDFAST_GUARDED_BY(mutex);

  std::string nameOf(std::string_view key) const {
    return options.nameOf != nullptr ? options.nameOf(key) : std::string(key);
  }
  /// Returns how many names it fits.
  template <typename Fits>
  std::size_t forget(Fits fits);
  const Clock& clock() const noexcept { return options.clock != nullptr ? *options.clock : systemClock(); }
  std::optional<std::uint64_t> versionOf(Parts parts) const noexcept {
    return source == nullptr ? std::uint64_t{0} : source->version(parts);
  }
  void addBytes(std::int64_t more) noexcept {
    bytes.fetch_add(more, std::memory_order_relaxed);
    totalBytes_.fetch_add(more, std::memory_order_relaxed);
    if (source != nullptr) sourcedBytes_.fetch_add(more, std::memory_order_relaxed);
  }
  void drop(Entries::iterator entry, std::uint64_t& counter) noexcept HOLDFAST_REQUIRES(mutex) {
    ++counter;
    addBytes(-entry->bytes);
    index.erase(*entry);
    entries.erase(entry);
  }
  void shrinkTo(std::int64_t most, std::size_t mostEntries) noexcept HOLDFAST_REQUIRES(mutex) {
    while (!entries.empty() && (bytes.load(std::memory_order_relaxed) > most || entries.size() > mostEntries)) {
      drop(std::prev(entries.end()), figures.evictions);
    }
  }
  /// What is kept for a key and still holds, counted as found.
  const Kept* hit(std::string_view key, Parts parts, const void* type) HOLDFAST_REQUIRES(mutex) {
    const auto version = versionOf(parts);
    if (!version) return nullptr;
    const Entry* entry = findGood(key, parts, *version);
    if (entry == nullptr) return nullptr;
    if (type != entry->kept.type) throwOtherType(nameOf(key));
    ++figures.hits;
    if (entry->kept.value == nullptr) ++figures.negativeHits;
    return &entry->kept;
  }
  /// An entry that still holds; one that does not is dropped.
  Entry* findGood(std::string_view key, Parts parts, std::uint64_t version) HOLDFAST_REQUIRES(mutex) {
    Entry* const found = index.find(key);
    if (found == nullptr) return nullptr;
    const auto entry = found->self;
    if (options.ttl.count() > 0 && clock().now() >= entry->expires) {
      drop(entry, figures.expirations);
      return nullptr;
    }
    const auto current = entry->kept.parts == parts ? version : versionOf(entry->kept.parts);
    if (current != entry->version) {
      drop(entry, figures.invalidations);
      return nullptr;
    }
    if (entry != entries.begin()) entries.splice(entries.begin(), entries, entry);
    return &*entry;
  }
};

namespace {

// What an entry takes in the list and in the index, besides its own size.
constexpr std::int64_t kNodeBytes = 96;

}  // namespace

CacheManager::CacheManager(const CacheOptions& options, CacheSource* source)
    : state_(std::make_unique<State>(options, source, bytes_)) {
  if (source != nullptr) ++sourced_;
}

CacheManager::~CacheManager() {
  totalBytes_.fetch_sub(bytes(), std::memory_order_relaxed);
  if (state_->source == nullptr) return;
  sourcedBytes_.fetch_sub(bytes(), std::memory_order_relaxed);
  --sourced_;
}

bool CacheManager::takeUnderLock(std::string_view key, Parts parts, const void* type, void* taker, Taker call) {
  State& state = *state_;
  const port::LockGuard guard(state.mutex);
  const Kept* kept = state.hit(key, parts, type);
  if (kept == nullptr) return false;
  call(taker, kept->value.get());
  return true;
}

bool CacheManager::find(std::string_view key, Parts parts, const void* type, std::shared_ptr<const void>& value) {
  State& state = *state_;
  const port::LockGuard guard(state.mutex);
  const Kept* kept = state.hit(key, parts, type);
  if (kept == nullptr) return false;
  value = kept->value;
  return true;
}

bool CacheManager::await(std::string_view key, Parts parts, const void* type,
                         std::optional<std::chrono::milliseconds> patience, std::shared_ptr<const void>& value,
                         Ticket& ticket) {
  State& state = *state_;
  port::LockGuard guard(state.mutex);
  ++state.figures.misses;
  ticket.parts = parts;
  ticket.version = state.versionOf(parts);
  ticket.epoch = state.epoch;
  if (ticket.version) {
    // It may have been loaded since find().
    if (const State::Entry* entry = state.findGood(key, parts, *ticket.version)) {
      if (type != entry->kept.type) throwOtherType(state.nameOf(key));
      ++state.figures.sharedLoads;
      value = entry->kept.value;
      return true;
    }
  }
  if (!ticket.version || state.options.maxEntries == 0) return false;
  const auto known = state.flights.find(key);
  if (known == state.flights.end()) {
    auto flight = std::make_shared<Flight>();
    flight->key = key;
    flight->parts = parts;
    flight->version = *ticket.version;
    flight->epoch = state.epoch;
    state.flights.emplace(flight->key, flight);
    ticket.flight = std::move(flight);
    return false;
  }
  const std::shared_ptr<Flight> flight = known->second;
  // What it loads may be older than what we have to see.
  if (flight->parts != parts || flight->version != *ticket.version || flight->epoch != state.epoch) return false;
  const auto deadline =
      patience ? std::chrono::steady_clock::now() + *patience : std::chrono::steady_clock::time_point{};
  while (!flight->landed) {
    if (!patience) {
      flight->landing.wait(guard);
    } else if (!flight->landing.waitUntil(guard, deadline)) {
      return false;
    }
  }
  // It may have been made from more than was looked at when we joined.
  if (!flight->hasValue || (flight->kept.parts & ~parts) != 0) return false;
  if (type != flight->kept.type) throwOtherType(state.nameOf(key));
  ++state.figures.sharedLoads;
  value = flight->kept.value;
  return true;
}

void CacheManager::keep(std::string_view key, Ticket& ticket, const Kept& kept) {
  land(ticket, &kept);
  State& state = *state_;
  const std::int64_t bytes = kept.bytes + 2 * static_cast<std::int64_t>(key.size()) +
                             static_cast<std::int64_t>(sizeof(State::Entry)) + kNodeBytes;
  if (!ticket.version || state.options.maxEntries == 0 || bytes > state.options.maxBytes) return;
  if (kept.value == nullptr && !state.options.negativeEntries) return;
  const port::LockGuard guard(state.mutex);
  if (ticket.epoch != state.epoch) return;
  const std::optional<std::uint64_t> version =
      kept.parts == ticket.parts ? ticket.version : state.versionOf(kept.parts);
  if (!version || (kept.parts != ticket.parts && ticket.parts != CacheSource::kAllParts)) return;
  // As of before the load; and where all parts are what they were, so is each of them.
  if (state.versionOf(ticket.parts) != ticket.version) return;
  try {
    if (State::Entry* old = state.index.find(key)) state.drop(old->self, state.figures.invalidations);
    state.entries.push_front({std::string(key), kept, *version, state.clock().now() + state.options.ttl, bytes});
    state.entries.front().self = state.entries.begin();
    try {
      state.index.insert(state.entries.front());
    } catch (...) {
      state.entries.pop_front();
      throw;
    }
    state.addBytes(bytes);
    state.shrinkTo(std::min(state.options.maxBytes, bytesAllowed()), state.options.maxEntries);
  } catch (const std::bad_alloc&) {
    // Then it is not kept.
  }
}

std::int64_t CacheManager::bytesAllowed() const noexcept {
  const auto mostInTotal = mostInTotal_.load(std::memory_order_relaxed);
  if (mostInTotal == nullptr || state_->source == nullptr) return std::numeric_limits<std::int64_t>::max();
  const std::int64_t most = std::max(mostInTotal(), std::int64_t{0});
  return std::max(bytes() - std::max(sourcedBytes() - most, std::int64_t{0}),
                  most / std::max(sourced_.load(), std::int64_t{1}));
}

void CacheManager::trim() noexcept {
  const port::LockGuard guard(state_->mutex);
  state_->shrinkTo(bytesAllowed(), state_->options.maxEntries);
}

void CacheManager::land(Ticket& ticket, const Kept* kept) noexcept {
  const std::shared_ptr<Flight> flight = std::move(ticket.flight);
  if (flight == nullptr) return;
  const port::LockGuard guard(state_->mutex);
  flight->landed = true;
  flight->hasValue = kept != nullptr;
  if (kept != nullptr) flight->kept = *kept;
  state_->flights.erase(flight->key);
  flight->landing.notifyAll();
}

bool CacheManager::invalidate(std::string_view name) {
  return state_->forget([name](std::string_view candidate) { return candidate == name; }) > 0;
}

std::size_t CacheManager::invalidatePattern(std::string_view pattern) {
  return state_->forget([pattern](std::string_view candidate) { return fitsWildcard(candidate, pattern); });
}

template <typename Fits>
std::size_t CacheManager::State::forget(Fits fits) {
  const port::LockGuard guard(mutex);
  ++epoch;
  std::size_t count = 0;
  for (auto entry = entries.begin(); entry != entries.end();) {
    const auto at = entry++;
    if (!fits(nameOf(at->key))) continue;
    drop(at, figures.invalidations);
    ++count;
  }
  return count;
}

void CacheManager::clear() { invalidatePattern("*"); }

void CacheManager::shrink(std::int64_t bytes) {
  const port::LockGuard guard(state_->mutex);
  state_->shrinkTo(bytes, state_->options.maxEntries);
}

CacheMetrics CacheManager::metrics() const {
  const port::LockGuard guard(state_->mutex);
  CacheMetrics result = state_->figures;
  result.entries = state_->entries.size();
  result.bytes = bytes();
  const std::uint64_t asked = result.hits + result.misses;
  if (asked > 0) result.hitRate = static_cast<double>(result.hits) / static_cast<double>(asked);
  return result;
}

void CacheManager::awaitReaders() noexcept { const port::LockGuard guard(state_->mutex); }

}  // namespace holdfast
