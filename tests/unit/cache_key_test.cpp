#include <doctest/doctest.h>

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include <holdfast/detail/cache_key.hpp>

using namespace holdfast;
using holdfast::detail::CacheKey;

namespace {

std::string bytesOf(const std::vector<ValueView>& values) { return std::string(CacheKey(values).bytes()); }
std::string nameOf(const std::vector<ValueView>& values) { return CacheKey::nameOf("t", CacheKey(values).bytes()); }

}  // namespace

TEST_CASE("keys of cached results have names for people") {
  const std::vector<std::byte> blob{std::byte{0x0a}, std::byte{0xff}};
  CHECK(nameOf({ValueView(7)}) == "t:7");
  CHECK(nameOf({ValueView(-7), ValueView("boiler")}) == "t:-7:'boiler'");
  CHECK(nameOf({ValueView(1.5)}) == "t:1.500000");
  CHECK(nameOf({ValueView(BlobView(blob))}) == "t:x'0aff'");
  CHECK(nameOf({ValueView()}) == "t:null");
  const std::vector<ValueView> values{ValueView(80), ValueView("x")};
  CHECK(CacheKey::nameOf("t", CacheKey("findMany", "SELECT 1", values).bytes()) == "t:findMany:SELECT 1:80:'x'");
}

TEST_CASE("different values make different keys of cached results") {
  const std::vector<std::vector<ValueView>> keys{
      {ValueView(1)},
      {ValueView(1.0)},
      {ValueView("1")},
      {ValueView()},
      {ValueView("")},
      {ValueView(BlobView())},
      {ValueView("a"), ValueView("b")},
      {ValueView("a'b")},
      {ValueView("ab")},
      {ValueView("ab"), ValueView("")},
      {ValueView("a"), ValueView("b"), ValueView()},
      {ValueView(1), ValueView(1)},
  };
  std::set<std::string> bytes;
  for (const auto& key : keys) bytes.insert(bytesOf(key));
  CHECK(bytes.size() == keys.size());
  // A text that holds what the key of another one looks like.
  const std::string inner = bytesOf({ValueView("x")});
  CHECK(bytesOf({ValueView(inner)}) != bytesOf({ValueView("x")}));
}

TEST_CASE("long keys of cached results are whole") {
  const std::string text(200, 'x');
  CHECK(nameOf({ValueView(text), ValueView(5)}) == "t:'" + text + "':5");
  const std::string almost(60, 'y');
  CHECK(nameOf({ValueView(almost), ValueView(5), ValueView(6), ValueView(7)}) == "t:'" + almost + "':5:6:7");
}
