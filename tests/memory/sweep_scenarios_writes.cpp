// Transactions, posted work, calls on other threads and what is told of them, for the sweep.

#include <chrono>
#include <exception>
#include <thread>

#include "memory/sweep.hpp"

using namespace std::chrono_literals;

namespace holdfast::test {
namespace {

void opened(World& world) { world.open(); }
void insert(Transaction& tx, const char* name) { tx.run("INSERT INTO item(name, body) VALUES (?, ?)", name, "text"); }

void nested(World& world) {
  world.claim("new", 2, [&] {
    world.pool.transaction([](Transaction& tx) {
      insert(tx, "new 1");
      tx.transaction([](Transaction& inner) { insert(inner, "new 2"); });
      Transaction undone = tx.begin();
      insert(undone, "undone");
      undone.rollback();
    });
  });
}

void large(World& world) {
  world.claim("new", 40, [&] {
    world.pool.transaction([](Transaction& tx) {
      for (int i = 0; i < 40; ++i) {
        tx.run("INSERT INTO item(name, body) VALUES ('new ' || ?, printf('%03000d', ?))", i, i);
      }
    });
  });
}

void postSome(World& world) {
  world.claimLater("first", 1, [&] { return world.pool.post("INSERT INTO item(name) VALUES ('first')"); });
  world.claimLater("second", 1, [&] { return world.pool.post("INSERT INTO item(name) VALUES (?)", "second"); });
  world.pool.flush();
  world.await();
}

void asyncSome(World& world) {
  world.claimLater("async", 1, [&] {
    return world.pool.async([](Transaction& tx) { return tx.run("INSERT INTO item(name) VALUES ('async')"); });
  });
  auto count = world.pool.async([](ReadTransaction& tx) { return tx.queryValue<int>("SELECT count(*) FROM item"); });
  count.get();
  world.await();
}

/// Threads that share a COMMIT where they meet. What each is told is claimed on its own.
void group(World& world) {
  std::exception_ptr first;
  std::exception_ptr second;
  const auto write = [&world](const char* name, std::exception_ptr& failure) noexcept {
    try {
      world.claim(name, 1, [&] { world.pool.transaction([&](Transaction& tx) { insert(tx, name); }); });
    } catch (...) {
      failure = std::current_exception();
    }
  };
  {
    const std::jthread one(write, "one", std::ref(first));
    const std::jthread two(write, "two", std::ref(second));
  }
  if (first) std::rethrow_exception(first);
  if (second) std::rethrow_exception(second);
}

void observe(World& world) {
  world.observation.emplace(world.pool.observe({"item"}, [&world] { ++world.calls; }));
  world.claim("seen", 1, [&] { world.pool.run("INSERT INTO item(name) VALUES ('seen')"); });
  world.pool.tick();
}

constexpr Scenario kScenarios[] = {
    {"single write", opened,
     [](World& world) {
       world.claim("new", 1, [&] { world.pool.run("INSERT INTO item(name, body) VALUES (?, ?)", "new", "body"); });
     }},
    {"transaction", opened,
     [](World& world) {
       world.claim("new", 1, [&] { world.pool.transaction([](Transaction& tx) { insert(tx, "new"); }); });
     }},
    {"durable transaction", opened,
     [](World& world) {
       world.claim("new", 1, [&] {
         world.pool.transaction([](Transaction& tx) { insert(tx, "new"); }, {.durability = Durability::Full});
       });
     }},
    {"nested savepoints", opened, nested},
    {"large transaction", opened, large},
    {"transaction by hand", opened,
     [](World& world) {
       world.claim("new", 1, [&] {
         Transaction tx = world.pool.begin();
         insert(tx, "new");
         tx.commit();
       });
     }},
    {"posted work", opened, postSome},
    {"posted work at close", opened,
     [](World& world) {
       world.claimLater("first", 1, [&] { return world.pool.post("INSERT INTO item(name) VALUES ('first')"); });
       world.pool.close();
     }},
    {"posted work by a thread",
     [](World& world) {
       world.config.housekeeping = HousekeepingMode::Thread;
       world.config.clock = nullptr;
       world.config.postDelay = 1ms;
       world.open();
     },
     [](World& world) {
       world.claimLater("first", 1, [&] { return world.pool.post("INSERT INTO item(name) VALUES ('first')"); });
       world.pool.flush();  // Beside the thread.
     }},
    {"asynchronous calls", opened, asyncSome},
    {"group of two threads", opened, group},
    {"observation", opened, observe},
};

}  // namespace

std::span<const Scenario> writeScenarios() { return kScenarios; }

}  // namespace holdfast::test
