// QueryBuilder with names, operators and values from outside: what it makes of them touches the table that is named, and no
// other.

#include <chrono>

#include <nlohmann/json.hpp>

#include "fuzz/fuzz_world.hpp"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;

namespace {

void addConditions(QueryBuilder& builder, FuzzedDataProvider& data) {
  for (int i = data.ConsumeIntegralInRange(0, 3); i > 0; --i) {
    switch (data.ConsumeIntegralInRange(0, 6)) {
      case 0: builder.where(anyName(data), anyOperator(data), anyValue(data)); break;
      case 1: builder.whereColumn(anyName(data), anyOperator(data), anyName(data)); break;
      case 2: builder.whereNull(anyName(data)); break;
      case 3: builder.whereBetween(anyName(data), anyValue(data), anyValue(data)); break;
      case 4: builder.whereIn(anyName(data), anyValues(data)); break;
      case 5: builder.whereNotIn(anyName(data), anyValues(data)); break;
      default: builder.everyRow(); break;
    }
  }
}

void read(QueryBuilder& builder, FuzzedDataProvider& data) {
  if (data.ConsumeBool()) builder.select({anyName(data), Term(anyName(data)).as(anyName(data))});
  if (data.ConsumeBool()) builder.distinct();
  if (data.ConsumeBool()) builder.leftJoin(anyName(data), anyName(data), anyName(data), anyName(data));
  addConditions(builder, data);
  if (data.ConsumeBool()) builder.groupBy(anyName(data));
  if (data.ConsumeBool()) builder.having(anyName(data), anyOperator(data), anyValue(data));
  if (data.ConsumeBool()) builder.orderBy(anyName(data), data.ConsumeBool() ? Order::Ascending : Order::Descending);
  if (data.ConsumeBool()) builder.limit(data.ConsumeIntegral<std::int64_t>());
  if (data.ConsumeBool()) builder.offset(data.ConsumeIntegral<std::int64_t>());
  builder.timeout(300ms);
  data.ConsumeBool() ? static_cast<void>(builder.fetch()) : static_cast<void>(builder.fetchJson());
}

ColumnValues anyRow(FuzzedDataProvider& data) {
  ColumnValues row;
  for (int i = data.ConsumeIntegralInRange(0, 4); i > 0; --i) row.emplace_back(anyName(data), anyValue(data));
  return row;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzWorld& world = FuzzWorld::instance();
  FuzzedDataProvider data(bytes, size);
  mayRefuse([&] {
    QueryBuilder builder(world.pool());
    const int kind = data.ConsumeIntegralInRange(0, 3);
    if (kind == 0) {
      builder.from(anyName(data), data.ConsumeBool() ? anyName(data) : std::string());
      return read(builder, data);
    }
    builder.from("item").timeout(300ms);
    addConditions(builder, data);
    if (data.ConsumeBool()) builder.returning({anyName(data)});
    if (kind == 1) builder.insert(anyRow(data));
    if (kind == 2) builder.update(anyRow(data));
    if (kind == 3) builder.remove();
  });
  world.settle();
  return 0;
}
