// Any text as a configuration: refused with an Error, or taken for one that says the same when it is written out.

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "fuzz/fuzz_world.hpp"

using namespace holdfast;
using namespace holdfast::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  mayRefuse([&] {
    const ConnectionConfig config = ConnectionConfig::fromText({reinterpret_cast<const char*>(bytes), size});
    const std::string written = toJson(config).dump(-1, ' ', false, Json::error_handler_t::replace);
    const ConnectionConfig again = ConnectionConfig::fromText(written);
    require(toJson(again).dump(-1, ' ', false, Json::error_handler_t::replace) == written,
            "written out and read again");
    config.validate();
  });
  return 0;
}
