// Posted work, and calls on the pool's own threads.
#include "feature.hpp"

bool useFeature(holdfast::ConnectionManager& db) {
  using namespace holdfast;
  auto posted = db.post("INSERT INTO t VALUES (?)", 1);
  auto called = db.async([](ReadTransaction& tx) { return tx.queryValue<int>("SELECT count(*) FROM t"); });
  db.flush();
  return posted.get().changes == 1 && called.get().has_value();
}

int main(int count, char** arguments) { return runFootprint(count, arguments); }
