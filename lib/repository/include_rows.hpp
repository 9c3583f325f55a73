#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include <holdfast/query_builder.hpp>

namespace holdfast {

/// Reads the rows related to `rows` by one query and puts them into `objects`, which are `rows` as JSON, as `name`.
void includeRows(StatementExecutor& executor, const std::string& name, const JsonInclude& include, const Rows& rows,
                 nlohmann::json& objects);

}  // namespace holdfast
