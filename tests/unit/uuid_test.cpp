#include <doctest/doctest.h>

#include <string>

#include <holdfast/uuid.hpp>

using holdfast::Uuid;

TEST_CASE("a UUID is read from its text and written as such") {
  const std::string text = "0190163d-8694-739b-aea5-966c26f8ad91";
  const auto uuid = Uuid::parse(text);
  REQUIRE(uuid);
  CHECK(uuid->text() == text);
  CHECK(uuid->bytes.front() == std::byte{0x01});
  CHECK(uuid->bytes.back() == std::byte{0x91});
  CHECK(Uuid::parse("0190163D-8694-739B-AEA5-966C26F8AD91") == uuid);
  CHECK(Uuid{}.text() == "00000000-0000-0000-0000-000000000000");
}

TEST_CASE("other texts are no UUIDs") {
  for (const char* text :
       {"", "0190163d", "0190163d-8694-739b-aea5-966c26f8ad9", "0190163d-8694-739b-aea5-966c26f8ad911",
        "0190163d08694-739b-aea5-966c26f8ad91", "0190163d-8694-739b-aea5-966c26f8ad9g",
        "g190163d-8694-739b-aea5-966c26f8ad91", "{190163d-8694-739b-aea5-966c26f8ad9}"}) {
    CHECK_FALSE(Uuid::parse(text));
  }
}

TEST_CASE("UUIDs that are made differ and say how they were made") {
  const Uuid first = Uuid::make();
  const Uuid second = Uuid::make();
  CHECK(first != second);
  CHECK(first.text().at(14) == '7');
  CHECK(std::string("89ab").find(first.text().at(19)) != std::string::npos);
  CHECK(Uuid::parse(first.text()) == first);
  CHECK(first.text().substr(0, 8) <= second.text().substr(0, 8));
}
