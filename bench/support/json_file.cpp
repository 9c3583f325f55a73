#include "support/json_file.hpp"

#include <nlohmann/json.hpp>

#include "support/whole_file.hpp"

namespace bench {

void writeJson(const std::string& path, const nlohmann::ordered_json& document) {
  writeWholeFile(path, document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

}  // namespace bench
