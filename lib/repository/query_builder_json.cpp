#include <nlohmann/json.hpp>

#include "repository/include_rows.hpp"
#include "repository/json_reading.hpp"
#include "repository/query_run.hpp"

namespace holdfast {

nlohmann::json QueryBuilder::fetchJson() {
  const auto read = [&](StatementExecutor& executor) {
    const Rows rows = rowsOf(executor);
    nlohmann::json objects = jsonOf(rows);
    for (const auto& [name, related] : includes_) includeRows(executor, name, related, rows, objects);
    return objects;
  };
  return run("fetch", [&] {
    if (includes_.empty() || pool_ == nullptr) return withExecutor(read);
    // Rows and related rows as of one moment.
    return pool_->read([&](ReadTransaction& snapshot) { return read(snapshot); }, {.timeout = timeout_});
  });
}

}  // namespace holdfast
