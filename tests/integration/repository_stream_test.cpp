// Entities one after the other: through a range, and through the cursor that it stands on.

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <holdfast/repository.hpp>

#include "support/pool_fixture.hpp"

using namespace std::chrono_literals;
using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Item {
  std::int64_t id{};
  std::string name{};
};

}  // namespace

template <>
struct holdfast::Mapping<Item> {
  static constexpr auto table = holdfast::table<Item>("item", primaryKey("id", &Item::id), column("name", &Item::name));
};

static_assert(std::ranges::input_range<EntityStream<Item>>);

namespace {

struct Opened : PoolFixture {
  Opened() { openWithRows(1000); }
  std::size_t leased() { return pool.leases().size(); }
  BaseRepository<Item> items{pool};
};

}  // namespace

TEST_SUITE("integration/repository_stream") {
  TEST_CASE("a stream gives every entity once and then its handle back") {
    Opened f;
    std::int64_t sum = 0;
    for (const Item& item : f.items.stream({.orderBy = {descending(&Item::id)}})) {
      if (sum == 0) {
        CHECK(item.id == 1000);
        CHECK(f.leased() == 1);
      }
      CHECK(item.name == "item " + std::to_string(item.id));
      sum += item.id;
    }
    CHECK(sum == 500'500);
    CHECK(f.leased() == 0);
    int seen = 0;
    for (const Item& item : f.items.stream({.where = field(&Item::id) > 10'000})) seen += item.id > 0 ? 1 : 2;
    CHECK(seen == 0);
    for (const Item& item : f.items.stream({.select = {&Item::id}, .limit = 2})) {
      CHECK(item.name.empty());
      ++seen;
    }
    CHECK(seen == 2);
  }

  TEST_CASE("a stream that is left early gives its handle back") {
    Opened f;
    for (const Item& item : f.items.stream()) {
      if (item.id == 3) break;
    }
    CHECK(f.leased() == 0);
    {
      auto stream = f.items.stream();
      CHECK(f.leased() == 1);
      auto moved = std::move(stream);
      CHECK(moved.begin()->id == 1);
    }
    CHECK(f.leased() == 0);
    const auto thrown = [&] {
      for (const Item& item : f.items.stream()) throw std::runtime_error(item.name);
    };
    CHECK_THROWS_AS(thrown(), std::runtime_error);
    CHECK(f.leased() == 0);
  }

  TEST_CASE("a stream sees one view of the database while others write") {
    Opened f;
    std::size_t seen = 0;
    for (const Item& item : f.items.stream()) {
      ++seen;
      if (item.id == 1) {
        f.items.create({.id = 5000, .name = "late"});
        f.items.remove(1000);
      }
    }
    CHECK(seen == 1000);
    CHECK_FALSE(f.items.exists(1000));
  }

  TEST_CASE("a stream in a transaction reads through its handle") {
    Opened f;
    f.pool.transaction([&](Transaction& tx) {
      f.items.in(tx).removeMany(field(&Item::id) > 2);
      std::size_t seen = 0;
      for (const Item& item : f.items.in(tx).stream()) {
        seen += item.id > 0 ? 1 : 0;
        f.items.in(tx).update(item.id, {set(&Item::name, "seen")});
      }
      for (const Item& item : f.items.stream({.transaction = &tx})) CHECK(item.name == "seen");
      CHECK(seen == 2);
      CHECK(f.leased() == 1);
      auto open = f.items.in(tx).stream();
      CHECK(open.begin()->id == 1);
      CHECK(codeOf([&] { tx.commit(); }) == ErrorCode::Misuse);
    });
    CHECK(f.items.count() == 2);
  }

  TEST_CASE("the deadline of a stream counts what is done between two rows") {
    Opened f;
    const auto slow = [&] {
      for (const Item& item : f.items.stream({.timeout = 20ms})) {
        const auto until = std::chrono::steady_clock::now() + 30ms;
        while (item.id == 1 && std::chrono::steady_clock::now() < until) {
        }
      }
    };
    const auto error = errorOf(slow);
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::Timeout);
    CHECK(contains(error->what(), "list in \"item\""));
    CHECK(f.leased() == 0);
    CHECK(f.items.metrics().errorCount == 1);
  }

  TEST_CASE("a stream whose lease is forced back ends with an error") {
    Opened f;
    const auto forced = [&] {
      for (const Item& item : f.items.stream()) {
        if (item.id == 2) CHECK(f.pool.forceCleanup(f.pool.leases().front().leaseId));
        CHECK(item.id <= 2);
      }
    };
    CHECK(codeOf(forced) == ErrorCode::LeaseRevoked);
    CHECK(f.leased() == 0);
    CHECK(f.items.count() == 1000);
  }

  TEST_CASE("close() waits for a stream as for any lease") {
    Opened f;
    f.config.closeTimeout = 20ms;
    f.reopen();
    {
      auto stream = f.items.stream();
      auto at = stream.begin();
      std::optional<ErrorCode> code;
      std::thread([&] { code = codeOf([&] { f.pool.close(); }); }).join();  // Not the thread that holds the lease.
      CHECK(code == ErrorCode::Timeout);
      CHECK(codeOf([&] { f.items.count(); }) == ErrorCode::PoolClosed);
      static_cast<void>(at);
    }
    f.open();
    CHECK(f.items.count() == 1000);
  }

  TEST_CASE("a row that cannot be read ends the stream and is named") {
    Opened f;
    f.pool.run("UPDATE item SET name = x'00' WHERE id = 3");
    std::size_t seen = 0;
    const auto read = [&] {
      for (const Item& item : f.items.stream()) seen += item.id > 0 ? 1 : 0;
    };
    const auto error = errorOf(read);
    REQUIRE(error.has_value());
    CHECK(error->code() == ErrorCode::TypeMismatch);
    CHECK(contains(error->what(), "row of \"item\" (id=3)"));
    CHECK(seen == 2);
    CHECK(f.leased() == 0);
  }

  TEST_CASE("a cursor stands on the rows of any query") {
    Opened f;
    const std::string like = "item 99%";
    const std::vector<ValueView> values{like};
    RowCursor cursor = f.pool.cursor("SELECT id FROM item WHERE name LIKE ? ORDER BY id", values);
    RowCursor moved = std::move(cursor);
    CHECK(cursor.next() == nullptr);
    REQUIRE(moved.next() != nullptr);
    std::int64_t rows = 1;
    while (const RowView* row = moved.next()) rows += row->get<std::int64_t>(0) > 0 ? 1 : 0;
    CHECK(rows == 11);
    CHECK(moved.next() == nullptr);
    CHECK(f.leased() == 0);
    f.pool.read([&](ReadTransaction& snapshot) {
      RowCursor one = snapshot.cursor("SELECT id FROM item");
      RowCursor two = snapshot.cursor("SELECT id FROM item");
      for (int i = 1; i <= 3; ++i) {
        CHECK(one.next()->get<int>(0) == i);
        CHECK(two.next()->get<int>(0) == i);
      }
    });
    CHECK(codeOf([&] { f.pool.cursor("DELETE FROM item"); }) == ErrorCode::Denied);
    CHECK(codeOf([&] { f.pool.cursor("SELECT nothing FROM item"); }) == ErrorCode::InvalidSql);
    CHECK(codeOf([&] { f.pool.cursor("SELECT ?"); }) == ErrorCode::InvalidArgument);
    CHECK(f.leased() == 0);
    CHECK(f.rows() == 1000);
  }

  TEST_CASE("a write whose row the caller refuses is undone") {
    Opened f;
    const auto refuse = [](const RowView&) { throw std::runtime_error("no"); };
    CHECK_THROWS_AS(f.pool.runReturning("DELETE FROM item RETURNING id", refuse), std::runtime_error);
    CHECK(f.rows() == 1000);
    {
      PooledConnection lease = f.pool.acquire();
      CHECK_THROWS_AS(lease->runReturning("DELETE FROM item RETURNING id", refuse), std::runtime_error);
      CHECK_FALSE(lease->inTransaction());
      CHECK(lease->run("DELETE FROM item WHERE id = 1").changes == 1);  // Nothing of the interruption is left.
    }
    CHECK_THROWS_AS(
        f.pool.transaction([&](Transaction& tx) { tx.runReturning("DELETE FROM item RETURNING id", refuse); }),
        std::runtime_error);
    CHECK(f.rows() == 999);
    CHECK(f.pool.metrics().statesRestored == 0);
  }
}
