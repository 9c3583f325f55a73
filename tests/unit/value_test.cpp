#include <holdfast/value.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include <holdfast/error.hpp>

using namespace std::chrono_literals;
using holdfast::Blob;
using holdfast::BlobView;
using holdfast::Error;
using holdfast::ErrorCode;
using holdfast::Timestamp;
using holdfast::toText;
using holdfast::Value;
using holdfast::ValueType;
using holdfast::ValueView;
using holdfast::detail::decode;

namespace {

constexpr auto kInt64Max = std::numeric_limits<std::int64_t>::max();

template <typename T>
std::string decodeError(const ValueView& value) {
  try {
    decode<T>(value, "c");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::TypeMismatch);
    return error.reason();
  }
  return "no error";
}

}  // namespace

TEST_SUITE("core/value") {
  TEST_CASE("a view takes the storage class of what it is made from") {
    static_assert(std::is_trivially_copyable_v<ValueView>);
    CHECK(ValueView().isNull());
    CHECK(ValueView(nullptr).isNull());
    CHECK(ValueView(std::nullopt).isNull());
    CHECK(ValueView(std::optional<int>()).isNull());
    CHECK(ValueView(7).type() == ValueType::Integer);
    CHECK(ValueView(true).integer() == 1);
    CHECK(ValueView(1.5F).real() == 1.5);
    CHECK(ValueView("text").text() == "text");
    CHECK(ValueView(std::string("text")).type() == ValueType::Text);
    CHECK(ValueView(std::string_view("a\0b", 3)).text().size() == 3);
    CHECK(ValueView(std::optional(2)).integer() == 2);
    CHECK(ValueView(Timestamp(1234ms)).integer() == 1234);
    const Blob blob{std::byte{1}, std::byte{2}};
    CHECK(ValueView(blob).blob().size() == 2);
    CHECK(ValueView(BlobView(blob)).blob().data() == blob.data());
  }

  TEST_CASE("an unsigned integer that SQLite cannot hold is refused") {
    CHECK(ValueView(static_cast<std::uint64_t>(kInt64Max)).integer() == kInt64Max);
    try {
      const ValueView view(static_cast<std::uint64_t>(kInt64Max) + 1);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::InvalidArgument);
    }
  }

  TEST_CASE("a value owns what the view only pointed at") {
    std::string text = "a text that is too long for the object itself";
    const Value value{ValueView(text)};
    const std::string copy = text;
    text.assign(text.size(), 'x');
    CHECK(value.view().text() == copy);
  }

  TEST_CASE("a value gives back the view that it was made from") {
    const Blob blob{std::byte{1}, std::byte{0}};
    CHECK(Value().view().isNull());
    CHECK(Value(ValueView()).isNull());
    CHECK(Value(-5).view().integer() == -5);
    CHECK(Value(2.5).view().real() == 2.5);
    CHECK(Value("abc").view().text() == "abc");
    CHECK(Value(std::string("abc")).type() == ValueType::Text);
    CHECK(Value(blob).view().blob().size() == 2);
    CHECK(Value(ValueView(blob)) == Value(Blob(blob)));
    CHECK(ValueView(Value(3)).integer() == 3);
  }

  TEST_CASE("values are equal when type and content are") {
    CHECK(Value(1) == Value(1));
    CHECK(Value(1) != Value(1.0));
    CHECK(Value("1") != Value(1));
    CHECK(Value() == Value(nullptr));
    CHECK(Value("") != Value());
  }

  TEST_CASE("an integer is decoded into every width that holds it") {
    CHECK(decode<std::int64_t>(ValueView(kInt64Max), "c") == kInt64Max);
    CHECK(decode<std::uint8_t>(ValueView(255), "c") == 255);
    CHECK(decode<bool>(ValueView(2), "c"));
    CHECK_FALSE(decode<bool>(ValueView(0), "c"));
    CHECK(decode<double>(ValueView(3), "c") == 3.0);
    CHECK(decode<Timestamp>(ValueView(5), "c") == Timestamp(5ms));
    CHECK(decodeError<std::uint8_t>(ValueView(256)) ==
          "column 'c' holds a value out of range for an integer of the requested width");
    CHECK(decodeError<unsigned>(ValueView(-1)).find("out of range") != std::string::npos);
  }

  TEST_CASE("nothing but an integer is converted") {
    CHECK(decode<float>(ValueView(0.5), "c") == 0.5F);
    CHECK(decodeError<int>(ValueView(1.0)) == "column 'c' holds real, not an integer");
    CHECK(decodeError<int>(ValueView("1")) == "column 'c' holds text, not an integer");
    CHECK(decodeError<double>(ValueView("1")) == "column 'c' holds text, not a number");
    CHECK(decodeError<std::string>(ValueView(1)) == "column 'c' holds integer, not text");
    CHECK(decodeError<Blob>(ValueView("secret")) == "column 'c' holds text, not a blob");
  }

  TEST_CASE("text and blobs are decoded as copies or in place") {
    const Blob blob{std::byte{7}};
    CHECK(decode<std::string>(ValueView("abc"), "c") == "abc");
    CHECK(decode<std::string_view>(ValueView("abc"), "c") == "abc");
    CHECK(decode<Blob>(ValueView(blob), "c") == blob);
    CHECK(decode<BlobView>(ValueView(blob), "c").data() == blob.data());
    CHECK(decode<Value>(ValueView("abc"), "c") == Value("abc"));
  }

  TEST_CASE("NULL is decoded only as an optional") {
    CHECK_FALSE(decode<std::optional<int>>(ValueView(), "c").has_value());
    CHECK(decode<std::optional<int>>(ValueView(4), "c") == 4);
    CHECK(decode<Value>(ValueView(), "c").isNull());
    CHECK(decodeError<int>(ValueView()) == "column 'c' holds NULL, not an integer");
    CHECK(decodeError<std::string>(ValueView()) == "column 'c' holds NULL, not text");
  }

  TEST_CASE("infinities and NaN travel as real numbers") {
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK(decode<double>(Value(infinity).view(), "c") == infinity);
    CHECK(std::isnan(Value(std::nan("")).view().real()));
  }

  TEST_CASE("every storage class has a text") {
    const std::array<std::string_view, 5> texts{"null", "integer", "real", "text", "blob"};
    for (std::size_t i = 0; i < texts.size(); ++i) CHECK(toText(static_cast<ValueType>(i)) == texts[i]);
    CHECK(toText(static_cast<ValueType>(9)) == "unknown");
  }
}
