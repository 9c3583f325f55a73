// users: a typed repository with named queries, hooks, a cache, and constraints that the table keeps.
#include <cstdio>
#include <string>

#include <holdfast/connection_manager.hpp>
#include <holdfast/error.hpp>

#include "user_repository.hpp"

using namespace holdfast;
using users::Status;
using users::User;
using users::UserRepository;

int main() try {
  ConnectionManager& db = ConnectionManager::instance();
  ConnectionConfig config;
  config.database = "users.db";
  config.memoryLimit = 4 * MiB;
  db.open(config);

  const UserRepository users(db);
  users.createTable();
  users.removeMany(everyRow<User>());  // Of an earlier run.

  // Keys and times are the repository's to find.
  const User ada = users.create({.email = "ada@example.com", .name = "Ada", .role = users::Role::Administrator});
  users.createMany({{.email = "grace@example.com", .name = "Grace"},
                    {.email = "alan@example.com", .name = "Alan", .status = Status::Locked},
                    {.email = "edsger@example.com", .name = "Edsger"}});

  // The table refuses what the mapping does not allow, whoever writes.
  int refused = 0;
  for (const char* email : {"ada@example.com", "nobody"}) {
    try {
      users.create({.email = email, .name = "Double"});
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Constraint) throw;
      std::printf("refused: %s\n", error.what());
      ++refused;
    }
  }

  users.updateLastLogin(ada.id);
  const auto edsger = users.findByEmail("edsger@example.com");
  if (edsger) users.retire(edsger->id);
  const auto active = users.findActiveUsers();
  for (const User& user : active) {
    std::printf("%s <%s>%s\n", user.name.c_str(), user.email.c_str(), user.lastLoginAt ? ", was here" : "");
  }

  // One transaction: both change their address, or none of them.
  db.transaction([&](Transaction& tx) {
    for (const char* name : {"ada", "grace"}) {
      const auto user = users.findByEmail(std::string(name) + "@example.com", &tx);
      if (user) users.in(tx).update(user->id, {set(&User::email, std::string(name) + "@example.org")});
    }
  });

  // The second look is the cache's; a write of anybody, in any process, ends what it knows.
  for (int look = 0; look < 2; ++look) users.findByEmail("ada@example.org");
  db.run("UPDATE users SET name = 'Ada Lovelace' WHERE email = 'ada@example.org'");
  const auto renamed = users.findByEmail("ada@example.org");
  const RepositoryMetrics metrics = users.metrics();
  std::printf("%llu calls, %.0f %% of the asked ones found in the cache\n",
              static_cast<unsigned long long>(metrics.queryCount), 100 * metrics.cacheHitRate);

  const bool isRight = refused == 2 && active.size() == 2 && renamed && renamed->name == "Ada Lovelace" &&
                       renamed->lastLoginAt.has_value() && metrics.cache.hits == 1 && users.count() == 4;
  db.close();
  return isRight ? 0 : 1;
} catch (const Error& error) {
  std::fprintf(stderr, "%s\nwhat helps: %s\n", error.what(), std::string(toText(error.recovery())).c_str());
  return 1;
}
