#pragma once

#include <optional>
#include <string>

#include <doctest/doctest.h>

#include <holdfast/error.hpp>

namespace holdfast::test {

/// The Error that `body` throws, if it throws one.
template <typename F>
std::optional<Error> errorOf(F&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

/// The same, its code alone; nothing where `body` succeeds.
template <typename F>
std::optional<ErrorCode> codeOf(F&& body) {
  const std::optional<Error> error = errorOf(body);
  if (!error) return std::nullopt;
  return error->code();
}

/// What doctest shows of a comparison with the above.
inline std::string describe(const std::optional<ErrorCode>& code) {
  return code ? std::string(toText(*code)) : std::string("no error");
}

}  // namespace holdfast::test

template <>
struct doctest::StringMaker<std::optional<holdfast::ErrorCode>> {
  static String convert(const std::optional<holdfast::ErrorCode>& code) {
    return holdfast::test::describe(code).c_str();
  }
};
