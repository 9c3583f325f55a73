// A table without a struct; JSON is part of it.
#include <holdfast/json_repository.hpp>
#include <nlohmann/json.hpp>

#include "feature.hpp"

bool useFeature(holdfast::ConnectionManager& db) {
  using namespace holdfast;
  db.run("CREATE TABLE IF NOT EXISTS item(id INTEGER PRIMARY KEY, name TEXT)");
  JsonRepository items(db, "item");
  const nlohmann::json made = items.create({{"name", "boiler"}});
  return items.findById(made.at("id")).has_value();
}

int main(int count, char** arguments) { return runFootprint(count, arguments); }
