// What a program has without holdfast: it opens a database with SQLiteCpp, writes, reads and handles an error.
#include <cstdint>
#include <cstdio>
#include <exception>

#include <SQLiteCpp/SQLiteCpp.h>

int main(int count, char** arguments) try {
  SQLite::Database database(count > 1 ? arguments[1] : "footprint.db", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  database.exec("CREATE TABLE IF NOT EXISTS t(x)");
  SQLite::Transaction transaction(database);
  SQLite::Statement insert(database, "INSERT INTO t VALUES (?)");
  insert.bind(1, std::int64_t{42});
  insert.exec();
  transaction.commit();
  SQLite::Statement query(database, "SELECT max(x) FROM t");
  return query.executeStep() && query.getColumn(0).getInt64() == 42 ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
