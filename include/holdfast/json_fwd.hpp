#pragma once

#include <holdfast/features.hpp>

#if HOLDFAST_JSON
#include <nlohmann/json_fwd.hpp>

namespace holdfast {

/// Including <nlohmann/json.hpp> makes it complete.
using Json = nlohmann::json;

}  // namespace holdfast
#else
namespace holdfast {

/// The library was built without JSON: what takes or returns one can be named and not be called.
class Json;

}  // namespace holdfast
#endif
