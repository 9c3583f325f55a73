// Bytes as text and back.

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include <holdfast/value.hpp>

#include "repository/base64.hpp"

using namespace holdfast;

namespace {

Blob bytes(std::string_view text) {
  Blob result;
  for (const char c : text) result.push_back(static_cast<std::byte>(c));
  return result;
}

}  // namespace

TEST_SUITE("repository/base64") {
  TEST_CASE("base64 is that of RFC 4648 section 10 in both directions") {
    const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                     {"f", "Zg=="},
                                                                     {"fo", "Zm8="},
                                                                     {"foo", "Zm9v"},
                                                                     {"foob", "Zm9vYg=="},
                                                                     {"fooba", "Zm9vYmE="},
                                                                     {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, text] : vectors) {
      CHECK(toBase64(bytes(plain)) == text);
      CHECK(fromBase64(text) == bytes(plain));
    }
  }

  TEST_CASE("every byte survives the way through base64") {
    for (std::size_t length = 0; length < 5; ++length) {
      for (int value = 0; value < 256; ++value) {
        const Blob blob(length, static_cast<std::byte>(value));
        CHECK(fromBase64(toBase64(blob)) == blob);
      }
    }
  }

  TEST_CASE("what is no base64 is refused") {
    for (const std::string_view text : {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "Zm9v\n", "Zm8 ",
                                        "Zg==Zg==", "Zm_v", "Zm-v", "'; --"}) {
      CAPTURE(text);
      CHECK_FALSE(fromBase64(text).has_value());
    }
  }
}
