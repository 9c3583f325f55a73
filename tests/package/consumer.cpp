// What a user's first program looks like: it opens a database, writes, reads back and closes.
#include <holdfast/holdfast.hpp>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>

// Code that holdfast's own warnings would reject. It compiles as long as a consumer inherits none of them.
int consumersOwnStyle(int unused, long wide) {
  int wide_ = 0;
  {
    int wide_ = wide;
    (void)wide_;
  }
  return wide_;
}

int main() {
  using namespace holdfast;
  try {
    std::remove("consumer.db");
    ConnectionConfig config;
    config.database = "consumer.db";
    ConnectionManager& db = ConnectionManager::instance();
    db.open(config);
    db.run("CREATE TABLE t(x INTEGER)");
    db.run("INSERT INTO t(x) VALUES (?)", 42);
    const auto read = db.queryValue<std::int64_t>("SELECT x FROM t");
    db.close();
    if (read != 42) {
      std::fputs("the row that was written was not read back\n", stderr);
      return 1;
    }
    return consumersOwnStyle(0, 0);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
