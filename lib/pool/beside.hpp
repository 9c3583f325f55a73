#pragma once

#include <memory>
#include <optional>

#include "pool/pool_core.hpp"

namespace holdfast {

/// What reads the whole database on a read handle of its own: the pool's handles stay with the application, also on a
/// pool of one. Ends with the pool, and with a deadline or a stop token of the caller's.
class ConnectionPool::Core::Beside {
 public:
  /// Throws Error: PoolClosed, Busy beside another backup.
  Beside(Core& core, LongReads::Kind kind, const std::optional<std::chrono::milliseconds>& timeout, StopToken cancel);
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;
  ~Beside() { closeHandle(); }

  /// A fresh one in the place of the one before. Throws Error.
  Connection::Impl& openHandle();
  void closeHandle() noexcept;
  /// While it lives the handle's snapshot may be revoked, when the log has to be begun anew.
  class Snapshot {
   public:
    explicit Snapshot(Beside& beside) noexcept : beside_(beside) { beside_.turn_.holdsSnapshot(beside_.handle_.get()); }
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;
    ~Snapshot() { beside_.turn_.holdsSnapshot(nullptr); }

   private:
    Beside& beside_;
  };

  /// Throws Error: PoolClosed, Interrupted, Timeout.
  void check() const;
  SteadyTime deadline() const noexcept { return deadline_; }
  /// Of the caller's token and of close() together.
  StopToken stop() const noexcept { return kHasThreads ? any_.get_token() : cancel_; }
  void rest(std::chrono::milliseconds pause);
  /// Of the log as of the last commit, and its limit.
  std::int64_t logBytes() const;
  std::int64_t logLimit() const;

 private:
  struct RequestStop {
    StopSource* source;
    void operator()() const noexcept { source->request_stop(); }
  };
  ConnectionProfile profile() const;

  Core& core_;
  LongReads::Turn turn_;
  StopToken cancel_;
  SteadyTime deadline_ = SteadyTime::max();
  StopSource any_;
  StopCallback<RequestStop> onCancel_;
  StopCallback<RequestStop> onClose_;
  std::unique_ptr<Connection::Impl> handle_;
};

}  // namespace holdfast
