#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <holdfast/holdfast.hpp>

#include "connection/connection_impl.hpp"
#include "support/pool_fixture.hpp"
#include "support/where.hpp"

using holdfast::ErrorCode;
using holdfast::RowView;
using holdfast::Transaction;
using holdfast::test::codeOf;
using holdfast::test::PoolFixture;

namespace {

struct Opened : PoolFixture {
  Opened() : PoolFixture(2) { openWithRows(0); }
};

void insert(Transaction& tx, const std::string& name) { tx.run("INSERT INTO item(name) VALUES (?)", name); }

}  // namespace

TEST_SUITE("integration/transaction_savepoint") {
  TEST_CASE("only the part inside is undone when it throws") {
    Opened f;
    f.pool.transaction([](Transaction& tx) {
      insert(tx, "a");
      CHECK_THROWS_AS(tx.transaction([](Transaction& nested) {
        CHECK(nested.depth() == 1);
        insert(nested, "b");
        throw std::runtime_error("undo");
      }),
                      std::runtime_error);
      CHECK(tx.isActive());
      insert(tx, "c");
    });
    CHECK(f.names() == "a c");
  }

  TEST_CASE("siblings and levels are undone apart from each other") {
    Opened f;
    f.pool.transaction([](Transaction& tx) {
      tx.transaction([](Transaction& one) {
        insert(one, "one");
        try {
          one.transaction([](Transaction& two) {
            insert(two, "two");
            two.transaction([](Transaction& three) { insert(three, "three"); });
            throw 1;
          });
        } catch (int) {
        }
        one.transaction([](Transaction& two) { insert(two, "kept"); });
      });
      try {
        tx.transaction([](Transaction& one) {
          insert(one, "gone");
          one.transaction([](Transaction& two) { insert(two, "gone too"); });
          throw 1;
        });
      } catch (int) {
      }
    });
    CHECK(f.names() == "one kept");
  }

  TEST_CASE("an outer rollback undoes savepoints that were committed") {
    Opened f;
    CHECK_THROWS(f.pool.transaction([](Transaction& tx) {
      tx.transaction([](Transaction& nested) { insert(nested, "a"); });
      throw 1;
    }));
    CHECK(f.names().empty());
  }

  TEST_CASE("a savepoint by hand is undone unless it is committed") {
    Opened f;
    f.pool.transaction([](Transaction& tx) {
      {
        Transaction nested = tx.begin();
        insert(nested, "a");
      }
      {
        Transaction nested = tx.begin();
        insert(nested, "b");
        nested.commit();
        CHECK(codeOf([&] { insert(nested, "c"); }) == ErrorCode::Misuse);
      }
      {
        Transaction nested = tx.begin();
        insert(nested, "d");
        nested.rollback();
        CHECK(codeOf([&] { nested.rollback(); }) == ErrorCode::Misuse);
      }
      insert(tx, "e");
    });
    CHECK(f.names() == "b e");
  }

  TEST_CASE("savepoints nest to the deepest level and not one further" * doctest::skip(holdfast::test::kOnDevice)) {
    Opened f;
    int deepest = 0;
    std::optional<ErrorCode> beyond;
    std::function<void(Transaction&)> descend = [&](Transaction& tx) {
      deepest = tx.depth();
      insert(tx, "x");
      const auto failure = codeOf([&] { tx.transaction(descend); });
      if (failure) beyond = failure;
    };
    f.pool.transaction(descend);
    CHECK(deepest == Transaction::kMaxDepth - 1);  // Counted from 0.
    CHECK(beyond == ErrorCode::Misuse);
    CHECK(f.rows() == Transaction::kMaxDepth);
  }

  TEST_CASE("each second of many levels can be undone") {
    Opened f;
    std::function<void(Transaction&)> descend = [&](Transaction& tx) {
      const int depth = tx.depth();
      insert(tx, std::to_string(depth));
      if (depth == 20) return;
      tx.transaction(descend);
      try {
        tx.transaction([](Transaction& nested) {
          insert(nested, "undone");
          throw 1;
        });
      } catch (int) {
      }
    };
    f.pool.transaction(descend);
    CHECK(f.rows() == 21);
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM item WHERE name = 'undone'") == 0);
  }

  TEST_CASE("only the innermost transaction can be used") {
    Opened f;
    f.pool.transaction([](Transaction& tx) {
      Transaction nested = tx.begin();
      CHECK(codeOf([&] { insert(tx, "a"); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { tx.query("SELECT 1"); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { tx.begin(); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { tx.commit(); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { tx.rollback(); }) == ErrorCode::Misuse);
      CHECK_FALSE(tx.isActive());
      CHECK(nested.isActive());
      insert(nested, "b");
      nested.commit();
      CHECK(tx.isActive());
      insert(tx, "c");
    });
    CHECK(f.names() == "b c");
  }

  TEST_CASE("a callback that leaves a savepoint open does not commit") {
    Opened f;
    std::optional<Transaction> left;
    const auto code = codeOf([&] {
      f.pool.transaction([&](Transaction& tx) {
        insert(tx, "a");
        left.emplace(tx.begin());
        insert(*left, "b");
      });
    });
    CHECK(code == ErrorCode::Misuse);
    CHECK(f.names().empty());
    CHECK_FALSE(left->isActive());
  }

  TEST_CASE("a savepoint that outlives its transaction touches nothing") {
    Opened f;
    std::optional<Transaction> stale;
    {
      Transaction tx = f.pool.begin();
      stale.emplace(tx.begin());
      insert(*stale, "never");
    }
    {
      Transaction tx = f.pool.begin();
      Transaction nested = tx.begin();
      insert(nested, "kept");
      CHECK(codeOf([&] { insert(*stale, "smuggled"); }) == ErrorCode::Misuse);
      stale.reset();  // Would undo somebody else's savepoint of the same depth.
      CHECK(nested.isActive());
      nested.commit();
      tx.commit();
    }
    CHECK(f.names() == "kept");
  }

  TEST_CASE("a commit while rows of the transaction are being read is refused") {
    Opened f;
    Transaction tx = f.pool.begin();
    for (int i = 0; i < 3; ++i) insert(tx, "a");
    int seen = 0;
    tx.forEach("SELECT id FROM item", [&](const RowView&) {
      ++seen;
      // It would give the handle to the next caller while this one is still reading from it.
      CHECK(codeOf([&] { tx.commit(); }) == ErrorCode::Misuse);
      CHECK(codeOf([&] { tx.rollback(); }) == ErrorCode::Misuse);
      return seen < 2 && tx.isActive();
    });
    CHECK(seen == 2);
  }

  TEST_CASE("savepoints may come and go while rows are being read") {
    Opened f;
    f.pool.transaction([](Transaction& tx) {
      for (int i = 0; i < 6; ++i) insert(tx, "seed");
      int seen = 0;
      tx.forEach("SELECT id FROM item WHERE name = 'seed'", [&](const RowView& row) {
        ++seen;
        try {
          tx.transaction([&](Transaction& nested) {
            insert(nested, "made");
            if (row.get<int>(0) % 2 == 0) throw 1;
          });
        } catch (int) {
        }
      });
      CHECK(seen == 6);
    });
    CHECK(f.pool.queryValue<int>("SELECT count(*) FROM item WHERE name = 'made'") == 3);
  }

  TEST_CASE("a savepoint inside the reading of a write that returns rows is no contention") {
    Opened f;
    int runs = 0;
    const auto code = codeOf([&] {
      f.pool.transaction([&](Transaction& tx) {
        ++runs;
        tx.forEach("INSERT INTO item(name) VALUES ('a'), ('b') RETURNING id",
                   [&](const RowView&) { tx.transaction([](Transaction& nested) { insert(nested, "made"); }); });
      });
    });
    CHECK(runs == 1);  // Running it again would fail again.
    CHECK(code != ErrorCode::Busy);
  }
}
