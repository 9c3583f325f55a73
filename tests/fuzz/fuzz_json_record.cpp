// Any JSON as records, keys and changes of a JsonRepository: what was created is found again.

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "fuzz/fuzz_world.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

Json anyJson(FuzzedDataProvider& data) {
  const std::string text = data.ConsumeRandomLengthString(200);
  Json parsed = Json::parse(text, nullptr, false);
  if (!parsed.is_discarded()) return parsed;
  Json record = Json::object();
  for (int i = data.ConsumeIntegralInRange(0, 4); i > 0; --i) {
    const std::string name = anyName(data);
    switch (data.ConsumeIntegralInRange(0, 4)) {
      case 0: record[name] = data.ConsumeIntegral<std::int64_t>(); break;
      case 1: record[name] = data.ConsumeFloatingPoint<double>(); break;
      case 2: record[name] = nullptr; break;
      case 3: record[name] = {{anyName(data), anyName(data)}, {"x", data.ConsumeBool()}}; break;
      default: record[name] = data.ConsumeRandomLengthString(40); break;
    }
  }
  return record;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzWorld& world = FuzzWorld::instance();
  static const JsonRepository items(world.pool(), "item", {.jsonColumns = {"tags"}});
  FuzzedDataProvider data(bytes, size);
  mayRefuse([&] {
    const Json made = items.create(anyJson(data));
    require(items.exists(made.at("id")), "a record that was created is there");
  });
  mayRefuse([&] { items.upsert(anyJson(data)); });
  mayRefuse([&] { items.update(anyJson(data), anyJson(data)); });
  mayRefuse([&] { items.findById(anyJson(data)); });
  mayRefuse([&] { items.createMany(std::vector<Json>{anyJson(data), anyJson(data)}); });
  mayRefuse([&] { items.findMany({.select = {anyName(data)}, .orderBy = {{anyName(data)}}, .limit = 10}); });
  mayRefuse([&] { items.remove(anyJson(data)); });
  world.settle();
  return 0;
}
