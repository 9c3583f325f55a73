#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace bench {

/// Writes the document to `path`, as a whole or not at all. Throws std::runtime_error saying why it cannot.
void writeJson(const std::string& path, const nlohmann::ordered_json& document);

}  // namespace bench
