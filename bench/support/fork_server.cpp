#include "support/fork_server.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <optional>
#include <stdexcept>

#include "support/text.hpp"

namespace bench {

namespace {

using SteadyClock = std::chrono::steady_clock;

// What the first byte of an answer says about the rest.
constexpr char kCompleted = 'c';
constexpr char kFailed = 'f';

bool sendAll(int socket, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = send(socket, data, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool receiveAll(int socket, char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t received = recv(socket, data, size, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return false;
    data += received;
    size -= static_cast<std::size_t>(received);
  }
  return true;
}

bool sendText(int socket, std::string_view text) {
  const std::uint64_t size = text.size();
  return sendAll(socket, reinterpret_cast<const char*>(&size), sizeof size) &&
         sendAll(socket, text.data(), text.size());
}

std::optional<std::string> receiveText(int socket) {
  std::uint64_t size = 0;
  if (!receiveAll(socket, reinterpret_cast<char*>(&size), sizeof size)) return std::nullopt;
  std::string text(static_cast<std::size_t>(size), '\0');
  if (!receiveAll(socket, text.data(), text.size())) return std::nullopt;
  return text;
}

std::string answerOf(ForkServer::Work work, std::string_view request) {
  try {
    return kCompleted + work(request);
  } catch (const std::exception& error) {
    return kFailed + std::string(error.what());
  }
}

std::string endOf(int status) {
  if (WIFSIGNALED(status)) return format("ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
  return format("ended with exit code %d and no answer", WEXITSTATUS(status));
}

/// Whether the answer, or the end of the process, arrived in time.
bool awaitAnswer(int socket, std::chrono::milliseconds patience) {
  const auto deadline = SteadyClock::now() + patience;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
    if (left.count() <= 0) return false;
    pollfd waiting{socket, POLLIN, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 1'000'000)));
    if (ready > 0) return true;
  }
}

/// In the server: one request, in a process of its own.
std::string handle(ForkServer::Work work, std::string_view request, std::chrono::milliseconds patience) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return kFailed + std::string("socketpair failed");
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    sendText(ends[1], answerOf(work, request));
    _exit(0);
  }
  close(ends[1]);
  const bool inTime = child > 0 && awaitAnswer(ends[0], patience);
  const std::optional<std::string> answer = inTime ? receiveText(ends[0]) : std::nullopt;
  close(ends[0]);
  if (child < 0) return kFailed + std::string("fork failed");
  if (!inTime) kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  if (answer) return *answer;
  return kFailed + (inTime ? endOf(status) : format("no answer within %.0f s", 1e-3 * double(patience.count())));
}

void serve(int socket, ForkServer::Work work) {
  while (true) {
    std::int64_t patience = 0;
    if (!receiveAll(socket, reinterpret_cast<char*>(&patience), sizeof patience)) return;
    const std::optional<std::string> request = receiveText(socket);
    if (!request || !sendText(socket, handle(work, *request, std::chrono::milliseconds(patience)))) return;
  }
}

}  // namespace

ForkServer::ForkServer(Work work) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("socketpair failed");
  server_ = fork();
  if (server_ == 0) {
    close(ends[0]);
    serve(ends[1], work);
    _exit(0);
  }
  close(ends[1]);
  socket_ = ends[0];
  if (server_ < 0) throw std::runtime_error("fork failed");
}

ForkServer::~ForkServer() {
  close(socket_);  // Which ends the server.
  if (server_ > 0) waitpid(server_, nullptr, 0);
}

ForkOutcome ForkServer::run(std::string_view request, std::chrono::milliseconds patience) {
  const std::int64_t milliseconds = patience.count();
  std::optional<std::string> reply;
  if (sendAll(socket_, reinterpret_cast<const char*>(&milliseconds), sizeof milliseconds) &&
      sendText(socket_, request)) {
    reply = receiveText(socket_);
  }
  if (!reply || reply->empty()) throw std::runtime_error("the process that starts others has ended");
  ForkOutcome outcome;
  outcome.completed = reply->front() == kCompleted;
  (outcome.completed ? outcome.answer : outcome.failure) = reply->substr(1);
  return outcome;
}

}  // namespace bench
