// Any text as a statement, where the application runs what it should not: a read changes nothing, and a write that fails
// leaves nothing behind. What a write may do on purpose is undone with its transaction.

#include <chrono>

#include "fuzz/fuzz_world.hpp"

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzWorld& world = FuzzWorld::instance();
  FuzzedDataProvider data(bytes, size);
  const std::vector<Value> values = anyValues(data);
  const bool reads = data.ConsumeBool();
  const std::string text = data.ConsumeRemainingBytesAsString();
  mayRefuse([&] {
    if (reads) {
      world.pool().read([&](ReadTransaction& tx) { tx.query(Sql::unchecked(text), std::span<const Value>(values)); },
                        {.timeout = 300ms});
      return;
    }
    world.pool().transaction(
        [&](Transaction& tx) {
          tx.run(Sql::unchecked(text), std::span<const Value>(values));
          throw Error(ErrorCode::Interrupted, "nothing of it stays");
        },
        {.timeout = 300ms});
  });
  world.settle();
  return 0;
}
