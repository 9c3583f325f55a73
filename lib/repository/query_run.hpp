#pragma once

#include <new>
#include <string>
#include <string_view>

#include <holdfast/connection_pool.hpp>
#include <holdfast/error.hpp>
#include <holdfast/query_builder.hpp>

#include "core/out_of_memory.hpp"
#include "repository/unknown_name.hpp"

// How every operation of a QueryBuilder is carried out.

namespace holdfast {

template <typename F>
auto QueryBuilder::run(std::string_view operation, F body) {
  const auto frame = [&] {
    return std::string(operation).append(" of ").append(tables_.empty() ? std::string("no table") : tables_.front());
  };
  try {
    return translatingBadAlloc(body);
  } catch (Error& error) {
    try {
      throwUnknownName(*executor_, tables_, error);
    } catch (Error& better) {
      // Another one came of looking for better words, and does not hide the first.
      if (better.code() == ErrorCode::InvalidArgument) {
        addFrameIfPossible(better, frame);
        throw;
      }
    } catch (const std::bad_alloc&) {
    }
    addFrameIfPossible(error, frame);
    throw;
  }
}

template <typename F>
auto QueryBuilder::withExecutor(F body) {
  if (!timeout_) return body(*executor_);
  if (pool_ == nullptr) {
    throw Error(ErrorCode::InvalidArgument, "timeout() is for a pool: a transaction takes its timeout when it begins");
  }
  BoundedCalls calls = pool_->with({.timeout = timeout_});
  return body(static_cast<StatementExecutor&>(calls));
}

}  // namespace holdfast
