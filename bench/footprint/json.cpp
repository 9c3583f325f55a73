// A configuration from JSON and the metrics as JSON.
#include <nlohmann/json.hpp>

#include "feature.hpp"

bool useFeature(holdfast::ConnectionManager& db) {
  using namespace holdfast;
  const ConnectionConfig config = ConnectionConfig::fromText(R"({"database": "other.db", "memoryLimit": "4MiB"})");
  return config.memoryLimit == 4 * MiB && !toJson(db.metrics()).dump().empty();
}

int main(int count, char** arguments) { return runFootprint(count, arguments); }
