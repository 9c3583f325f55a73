#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <cstdint>
#include <string>
#include <vector>

#include <holdfast/holdfast.hpp>

#include "support/temp_directory.hpp"

namespace holdfast::test {

/// Ends the process, with what went wrong, where `condition` does not hold: libFuzzer keeps the input.
void require(bool condition, const char* what);

/// Two handles, nothing synced, nothing logged, no thread of its own.
ConnectionConfig fuzzConfig(const std::string& database);

/// A database with a table `item` for what inputs do, and one that none of them may touch.
class FuzzWorld {
 public:
  static FuzzWorld& instance();

  ConnectionPool& pool() noexcept { return pool_; }
  /// Empties `item`, and requires that nothing else has changed and that the pool works.
  void settle();

 private:
  FuzzWorld();

  TempDirectory directory_;
  ConnectionPool pool_;
  std::int64_t schema_ = 0;
};

/// A name, an operator or a text: mostly those of the database, so that inputs come beyond the first check.
std::string anyName(FuzzedDataProvider& data);
Operator anyOperator(FuzzedDataProvider& data);
Value anyValue(FuzzedDataProvider& data);
std::vector<Value> anyValues(FuzzedDataProvider& data);

/// Runs `body`, which may throw Error and nothing else.
template <typename F>
void mayRefuse(F body) {
  try {
    body();
  } catch (const Error& error) {
    require(!std::string(error.what()).empty(), "an Error says nothing");
    require(error.code() != ErrorCode::Internal, error.what());
    require(error.code() != ErrorCode::Corrupt && error.code() != ErrorCode::NotADatabase, error.what());
  }
}

}  // namespace holdfast::test
