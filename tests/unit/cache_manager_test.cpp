#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <holdfast/cache_manager.hpp>
#include <holdfast/error.hpp>

#include "cache/wildcard.hpp"
#include "support/error_of.hpp"
#include "support/manual_clock.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

/// Two parts with versions that the test sets.
class Source final : public CacheSource {
 public:
  std::optional<std::uint64_t> version(Parts parts) noexcept override {
    if (changing) return std::nullopt;
    return ((parts & 1) != 0 ? first.load() : 0) + ((parts & 2) != 0 ? second.load() : 0);
  }
  std::atomic<std::uint64_t> first{1};
  std::atomic<std::uint64_t> second{1};
  std::atomic<bool> changing{false};
};

using Loaded = CacheManager::Loaded<std::string>;

Loaded loaded(std::string text, CacheManager::Parts parts = 1) {
  const auto bytes = static_cast<std::int64_t>(text.size());
  return {std::make_shared<const std::string>(std::move(text)), bytes, parts};
}

/// What the cache says, and whether it had to load "new" for that.
std::string ask(CacheManager& cache, std::string_view key, CacheManager::Parts parts = 1) {
  bool asked = false;
  const auto value = cache.get<std::string>(key, parts, [&] {
    asked = true;
    return loaded("new", parts);
  });
  return asked ? "loaded" : value == nullptr ? "nothing" : *value;
}

}  // namespace

TEST_CASE("a cache loads once and then finds") {
  CacheManager cache;
  int loads = 0;
  const auto load = [&]() -> std::optional<int> { return ++loads; };
  CHECK(*cache.get<int>("a", load) == 1);
  CHECK(*cache.get<int>("a", load) == 1);
  CHECK(*cache.get<int>("b", load) == 2);
  const CacheMetrics metrics = cache.metrics();
  CHECK(metrics.hits == 1);
  CHECK(metrics.misses == 2);
  CHECK(metrics.entries == 2);
  CHECK(metrics.hitRate == doctest::Approx(1.0 / 3));
  CHECK(cache.bytes() > 0);
  CHECK(CacheManager::totalBytes() >= cache.bytes());
}

TEST_CASE("a cache keeps that there is nothing unless told otherwise") {
  int loads = 0;
  const auto none = [&]() -> std::optional<int> {
    ++loads;
    return std::nullopt;
  };
  CacheManager cache;
  CHECK(cache.get<int>("a", none) == nullptr);
  CHECK(cache.get<int>("a", none) == nullptr);
  CHECK(loads == 1);
  CHECK(cache.metrics().negativeHits == 1);
  CacheManager forgetful({.negativeEntries = false});
  forgetful.get<int>("a", none);
  forgetful.get<int>("a", none);
  CHECK(loads == 3);
}

TEST_CASE("entries of a cache age") {
  const auto clock = std::make_shared<ManualClock>();
  CacheManager cache({.ttl = 10s, .clock = clock});
  ask(cache, "a");
  clock->advance(9s);
  CHECK(ask(cache, "a") == "new");
  clock->advance(1s);
  CHECK(ask(cache, "a") == "loaded");
  CHECK(cache.metrics().expirations == 1);
  CacheManager ageless({.ttl = 0s, .clock = clock});
  ask(ageless, "a");
  clock->advance(24h);
  CHECK(ask(ageless, "a") == "new");
}

TEST_CASE("the least recently used entries of a cache go first") {
  CacheManager cache({.maxEntries = 2});
  ask(cache, "a");
  ask(cache, "b");
  ask(cache, "a");
  ask(cache, "c");
  CHECK(ask(cache, "a") == "new");
  CHECK(ask(cache, "b") == "loaded");
  CHECK(cache.metrics().evictions == 2);
  CHECK(cache.metrics().entries == 2);
}

TEST_CASE("a cache finds each of many") {
  CacheManager cache;
  for (int i = 0; i < 500; ++i) ask(cache, "key " + std::to_string(i));
  for (int i = 0; i < 500; ++i) CHECK(ask(cache, "key " + std::to_string(i)) == "new");
}

TEST_CASE("a cache gives a value without sharing it") {
  CacheManager cache;
  std::string seen = "none";
  const auto copy = [&seen](const std::string* value) { seen = value != nullptr ? *value : "nothing"; };
  CHECK_FALSE(cache.take<std::string>("a", 0, copy));
  ask(cache, "a", 0);
  CHECK(cache.take<std::string>("a", 0, copy));
  CHECK(seen == "new");
  cache.get<std::string>("b", 0, [] { return Loaded{}; });
  CHECK(cache.take<std::string>("b", 0, copy));
  CHECK(seen == "nothing");
  CHECK(errorOf([&] { cache.take<int>("a", 0, [](const int*) {}); })->code() == ErrorCode::Misuse);
}

TEST_CASE("a cache holds no more bytes than it may") {
  CacheManager cache({.maxBytes = 4000});
  for (int i = 0; i < 100; ++i) {
    cache.get<std::string>(std::to_string(i), 0, [] { return loaded(std::string(200, 'x'), 0); });
    CHECK(cache.bytes() <= 4000);
  }
  CHECK(cache.metrics().entries > 3);
  cache.get<std::string>("large", 0, [] { return loaded(std::string(5000, 'x'), 0); });
  CHECK(ask(cache, "large", 0) == "loaded");  // It was not kept.
  cache.shrink(0);
  CHECK(cache.bytes() == 0);
  CacheManager none({.maxEntries = 0});
  ask(none, "a");
  CHECK(ask(none, "a") == "loaded");
}

TEST_CASE("what a cached value was made from ends it when it changes") {
  Source source;
  CacheManager cache({}, &source);
  ask(cache, "a", 1);
  ask(cache, "b", 2);
  ask(cache, "both", 3);
  ++source.first;
  CHECK(ask(cache, "a", 1) == "loaded");
  CHECK(ask(cache, "b", 2) == "new");
  CHECK(ask(cache, "both", 3) == "loaded");
  CHECK(cache.metrics().invalidations == 2);
}

TEST_CASE("a cache is passed by while its source changes") {
  Source source;
  CacheManager cache({}, &source);
  ask(cache, "a");
  source.changing = true;
  CHECK(ask(cache, "a") == "loaded");
  CHECK(ask(cache, "b") == "loaded");
  source.changing = false;
  CHECK(ask(cache, "a") == "new");
  CHECK(ask(cache, "b") == "loaded");  // Nothing was kept.
}

TEST_CASE("a value whose source changed while it was loaded is not found again") {
  Source source;
  CacheManager cache({}, &source);
  const auto load = [&] {
    ++source.first;
    return loaded("old");
  };
  CHECK(*cache.get<std::string>("a", 1, load) == "old");
  CHECK(ask(cache, "a") == "loaded");
  // The same where nobody knew beforehand what it would be made from.
  CHECK(*cache.get<std::string>("b", CacheSource::kAllParts, load) == "old");
  CHECK(ask(cache, "b", CacheSource::kAllParts) == "loaded");
}

TEST_CASE("a value that was made from other parts than expected is kept where nothing changed") {
  Source source;
  CacheManager cache({}, &source);
  cache.get<std::string>("a", CacheSource::kAllParts, [] { return loaded("x", 2); });
  ++source.first;
  CHECK(ask(cache, "a", 2) == "x");
  CHECK(ask(cache, "a", 1) == "x");  // What it was really made from counts.
  ++source.second;
  CHECK(ask(cache, "a", 1) == "loaded");
  cache.get<std::string>("b", 1, [] { return loaded("x", 2); });
  CHECK(ask(cache, "b", 1) == "loaded");  // Nobody looked at 2 beforehand.
}

TEST_CASE("a cache forgets by name and by pattern") {
  CacheManager cache;
  for (const char* key : {"user:1", "user:2", "user:find:x", "device:1"}) ask(cache, key);
  CHECK(cache.invalidate("user:1"));
  CHECK_FALSE(cache.invalidate("user:1"));
  CHECK(cache.invalidatePattern("user:*") == 2);
  CHECK(ask(cache, "device:1") == "new");
  cache.clear();
  CHECK(cache.metrics().entries == 0);
  // What is being loaded meanwhile is not kept either.
  cache.get<std::string>("a", 0, [&] {
    cache.clear();
    return loaded("old", 0);
  });
  CHECK(ask(cache, "a", 0) == "loaded");
}

TEST_CASE("patterns of a cache") {
  CHECK(fitsWildcard("", ""));
  CHECK(fitsWildcard("", "*"));
  CHECK_FALSE(fitsWildcard("", "?"));
  CHECK(fitsWildcard("reading:7", "reading:*"));
  CHECK(fitsWildcard("reading:7", "*7"));
  CHECK(fitsWildcard("reading:7", "r*d*:?"));
  CHECK_FALSE(fitsWildcard("reading:71", "r*d*:?"));
  CHECK_FALSE(fitsWildcard("reading", "reading:*"));
  CHECK(fitsWildcard("aaab", "*aab"));
  CHECK_FALSE(fitsWildcard("aaab", "*aac"));
}

TEST_CASE("a load that throws leaves nothing behind") {
  CacheManager cache;
  const auto fail = []() -> std::optional<int> { throw std::runtime_error("no"); };
  CHECK_THROWS_AS(cache.get<int>("a", fail), std::runtime_error);
  CHECK(*cache.get<int>("a", []() -> std::optional<int> { return 5; }) == 5);
}

TEST_CASE("a key has one type") {
  CacheManager cache;
  ask(cache, "a", 0);
  const auto error = errorOf([&] { cache.get<int>("a", []() -> std::optional<int> { return 1; }); });
  REQUIRE(error);
  CHECK(error->code() == ErrorCode::Misuse);
  CHECK(std::string(error->what()).find("\"a\"") != std::string::npos);
}

TEST_CASE("many threads that miss at once load once") {
  CacheManager cache;
  std::atomic<int> loads{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto value = cache.get<int>("a", [&]() -> std::optional<int> {
        ++loads;
        while (cache.metrics().misses < 4) std::this_thread::yield();  // Counted under the lock that waiting lets go.
        return 7;
      });
      CHECK(*value == 7);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(loads == 1);
  CHECK(cache.metrics().sharedLoads == 3);
}

TEST_CASE("who asks after a change does not take what was being loaded before it") {
  Source source;
  CacheManager cache({}, &source);
  std::atomic<int> step{0};
  std::thread slow([&] {
    cache.get<std::string>("a", 1, [&] {
      step = 1;
      while (step != 2) std::this_thread::yield();
      return loaded("old");
    });
  });
  while (step != 1) std::this_thread::yield();
  ++source.first;
  CHECK(ask(cache, "a") == "loaded");
  step = 2;
  slow.join();
  CHECK(ask(cache, "a") == "new");  // The late one has not taken its place.
}

TEST_CASE("who waits takes nothing that was made from more than was looked at") {
  Source source;
  CacheManager cache({}, &source);
  std::atomic<int> step{0};
  std::thread slow([&] {
    cache.get<std::string>("a", 1, [&] {
      step = 1;
      while (step != 2) std::this_thread::yield();
      return loaded("old", 3);
    });
  });
  while (step != 1) std::this_thread::yield();
  ++source.second;
  std::thread waiter([&] { CHECK(ask(cache, "a") == "loaded"); });
  while (cache.metrics().misses < 2) std::this_thread::yield();
  step = 2;
  slow.join();
  waiter.join();
}

TEST_CASE("waiting for another thread's load ends at the deadline and at its failure") {
  CacheManager cache;
  std::atomic<int> step{0};
  std::thread slow([&] {
    CHECK_THROWS_AS(cache.get<std::string>("a", 0,
                                           [&]() -> Loaded {
                                             step = 1;
                                             while (step != 2) std::this_thread::yield();
                                             throw std::runtime_error("no");
                                           }),
                    std::runtime_error);
  });
  while (step != 1) std::this_thread::yield();
  CHECK(*cache.get<std::string>(
            "a", 0, [] { return loaded("mine", 0); }, 10ms) == "mine");
  std::thread waiter([&] { CHECK(*cache.get<std::string>("a", 0, [] { return loaded("own", 0); }) != "old"); });
  step = 2;
  slow.join();
  waiter.join();
}
