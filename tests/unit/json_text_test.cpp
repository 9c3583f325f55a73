// JSON text that is written without a JSON library.

#include "core/json_text.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace holdfast;

TEST_SUITE("core/json_text") {
  TEST_CASE("UTF-8 is told from what is none") {
    for (const std::string_view text : {"", "plain", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF"}) {
      CHECK(isUtf8(text));
    }
    for (const std::string_view text : {"\x80", "\xC0\x80", "\xC3", "\xE2\x82", "\xED\xA0\x80", "\xE0\x80\x80",
                                        "\xF4\x90\x80\x80", "\xF0\x80\x80\x80", "\xFF", "a\xC3z"}) {
      CHECK_FALSE(isUtf8(text));
    }
  }

  TEST_CASE("texts are quoted and escaped as JSON wants it") {
    const auto quoted = [](std::string_view text) {
      std::string json;
      appendQuoted(json, text);
      return json;
    };
    CHECK(quoted("") == R"("")");
    CHECK(quoted("plain \xC3\xA9") == "\"plain \xC3\xA9\"");
    CHECK(quoted(R"(a "b" \c/)") == R"("a \"b\" \\c/")");
    CHECK(quoted("\b\t\n\f\r") == R"("\b\t\n\f\r")");
    CHECK(quoted(std::string_view("\0\x0B\x1F\x7F", 4)) == "\"\\u0000\\u000b\\u001f\x7F\"");
  }
}
