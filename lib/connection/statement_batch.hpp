#pragma once

#include <cstdint>
#include <span>

#include "connection/connection_impl.hpp"

namespace holdfast {

/// A statement that changes data, run many times inside of one transaction. What is the same for every run is done
/// once: finding it, judging it, marking it as in use. Each run is bounded, counted and timed like one of run().
class Connection::Impl::Batch {
 public:
  /// `sql` and `impl` must outlive it. Throws as run() does where the statement cannot be prepared or may not be run.
  Batch(Impl& impl, const Sql& sql);
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch() { impl_.statements.release(statement_); }

  /// Throws as run() does; it may be run again then.
  RunResult run(std::span<const ValueView> values);
  /// As far as it is known before it has run.
  bool firesTriggers() const noexcept { return statement_.firesTriggers; }

 private:
  struct Running;
  void bind(std::span<const ValueView> values);

  Impl& impl_;
  const Sql& sql_;
  CachedStatement& statement_;
};

}  // namespace holdfast
