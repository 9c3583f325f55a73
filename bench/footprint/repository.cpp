// A repository of one entity: created, read, found by a condition, changed and removed.
#include <holdfast/field.hpp>
#include <holdfast/repository.hpp>

#include "feature.hpp"
#include "reading.hpp"

bool useFeature(holdfast::ConnectionManager& db) {
  using namespace holdfast;
  BaseRepository<Reading> readings(db);
  readings.createTable();
  const Reading made = readings.create({.sensor = "boiler", .value = 78.2});
  readings.update(made.id, {set(&Reading::value, 81.0)});
  const bool found = !readings.findMany({.where = field(&Reading::value) > 80.0, .limit = 10}).empty();
  return readings.findById(made.id) && found && readings.remove(made.id);
}

int main(int count, char** arguments) { return runFootprint(count, arguments); }
