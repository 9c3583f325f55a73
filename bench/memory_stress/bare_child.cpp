#include "memory_stress/bare_child.hpp"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <span>
#include <stdexcept>

#include "memory_stress/mixed_step.hpp"
#include "memory_stress/team.hpp"
#include "support/bare_sqlite.hpp"

namespace bench {

namespace {

/// The mixed load by hand: a handle and three statements kept for good.
class BareSide {
 public:
  explicit BareSide(const std::string& database) : kept_(std::make_shared<Kept>(database)) {}

  std::size_t pointRead(std::int64_t id) { return readAll(kept_->pointRead.get(), id, 0); }
  std::size_t rangeScan(std::int64_t id) { return readAll(kept_->rangeScan.get(), id, 1); }
  void update(std::int64_t id, std::span<const std::byte> payload) {
    sqlite3_stmt* statement = kept_->update.get();
    sqlite3_bind_blob64(statement, 1, payload.data(), payload.size(), SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, id);
    if (sqlite3_step(statement) != SQLITE_DONE) throwBareError(statement);
    sqlite3_reset(statement);
  }

 private:
  struct Kept {
    explicit Kept(const std::string& database) : handle(database, {}) {}
    BareHandle handle;
    BareStatement pointRead{handle, kPointRead};
    BareStatement rangeScan{handle, kRangeScan};
    BareStatement update{handle, kUpdate};
  };

  std::size_t readAll(sqlite3_stmt* statement, std::int64_t id, int column) {
    sqlite3_bind_int64(statement, 1, id);
    std::size_t bytes = 0;
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      sum_ += sqlite3_column_int64(statement, column);
      // The content is fetched, as the other side does.
      if (sqlite3_column_blob(statement, column + 1) != nullptr) {
        bytes += static_cast<std::size_t>(sqlite3_column_bytes(statement, column + 1));
      }
    }
    if (code != SQLITE_DONE) throwBareError(statement);
    sqlite3_reset(statement);
    return bytes;
  }

  std::shared_ptr<Kept> kept_;
  std::int64_t sum_ = 0;
};

BareSlice work(const std::string& database, const BareRequest& request) {
  sqlite3_hard_heap_limit64(request.hardHeapLimit);
  sqlite3_int64 now = 0;
  sqlite3_int64 peak = 0;
  sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &now, &peak, 1);
  auto make = [&](Worker& worker, std::size_t number) -> Step {
    return MixedStep<BareSide>(BareSide(database), worker, request.rows, number);
  };
  const TeamResult result =
      runTeam({{static_cast<std::size_t>(request.threads), make}}, std::chrono::milliseconds(request.milliseconds));
  sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &now, &peak, 0);
  sqlite3_hard_heap_limit64(0);
  const LatencyHistogram latency = result.tally.allLatencies();
  return {result.seconds, result.tally.completed,        result.tally.unexpectedErrors, result.tally.memoryRefusals,
          peak,           latency.quantile(0.5).count(), latency.quantile(0.99).count()};
}

/// The messages are small and both ends are this program, so they come as a whole or not at all.
void serve(int socket, const std::string& database) {
  BareRequest request;
  while (recv(socket, &request, sizeof request, MSG_WAITALL) == static_cast<ssize_t>(sizeof request)) {
    const BareSlice slice = work(database, request);
    if (send(socket, &slice, sizeof slice, MSG_NOSIGNAL) != static_cast<ssize_t>(sizeof slice)) return;
  }
}

}  // namespace

BareChild::BareChild(const std::string& database) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("socketpair failed");
  child_ = fork();
  if (child_ == 0) {
    close(ends[0]);
    serve(ends[1], database);
    _exit(0);
  }
  close(ends[1]);
  socket_ = ends[0];
  if (child_ < 0) throw std::runtime_error("fork failed");
}

BareChild::~BareChild() {
  close(socket_);  // Which ends the child.
  if (child_ > 0) waitpid(child_, nullptr, 0);
}

BareSlice BareChild::run(const BareRequest& request) {
  BareSlice slice;
  if (send(socket_, &request, sizeof request, MSG_NOSIGNAL) != static_cast<ssize_t>(sizeof request) ||
      recv(socket_, &slice, sizeof slice, MSG_WAITALL) != static_cast<ssize_t>(sizeof slice)) {
    throw std::runtime_error("the process with the bare SQLite handles has ended");
  }
  return slice;
}

}  // namespace bench
