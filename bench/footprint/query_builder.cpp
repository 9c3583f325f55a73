// Statements made at run time.
#include <holdfast/query_builder.hpp>

#include "feature.hpp"

bool useFeature(holdfast::ConnectionManager& db) {
  using namespace holdfast;
  return !QueryBuilder(db).from("t").where("x", Operator::Greater, 1).orderBy("x").fetch().empty();
}

int main(int count, char** arguments) { return runFootprint(count, arguments); }
