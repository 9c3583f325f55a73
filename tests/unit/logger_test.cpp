#include <holdfast/logger.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/port/thread.hpp"
#include "support/failing_allocation.hpp"

using holdfast::Logger;
using holdfast::LogLevel;
using holdfast::makeStderrLogger;
using holdfast::toText;

namespace {

/// Takes what is written to standard error. Each write arrives as a piece of its own (a pipe in packet mode).
class CapturedStderr {
 public:
  CapturedStderr() : saved_(::dup(STDERR_FILENO)) {
    REQUIRE(::pipe2(pipe_.data(), O_DIRECT | O_NONBLOCK) == 0);
    ::dup2(pipe_[1], STDERR_FILENO);
  }
  CapturedStderr(const CapturedStderr&) = delete;
  CapturedStderr& operator=(const CapturedStderr&) = delete;
  ~CapturedStderr() {
    ::dup2(saved_, STDERR_FILENO);
    for (const int descriptor : {saved_, pipe_[0], pipe_[1]}) ::close(descriptor);
  }

  std::vector<std::string> writes() {
    std::vector<std::string> result;
    std::array<char, 4096> block;
    for (;;) {
      const ssize_t count = ::read(pipe_[0], block.data(), block.size());
      if (count <= 0) return result;
      result.emplace_back(block.data(), static_cast<std::size_t>(count));
    }
  }

 private:
  int saved_;
  std::array<int, 2> pipe_{};
};

std::vector<std::string> logged(LogLevel threshold, LogLevel level, std::string_view message) {
  const std::shared_ptr<Logger> logger = makeStderrLogger(threshold);
  CapturedStderr captured;
  logger->log(level, "pool", message);
  return captured.writes();
}

}  // namespace

TEST_SUITE("core/logger") {
  TEST_CASE("a message is one line in a single write") {
    const auto writes = logged(LogLevel::Warning, LogLevel::Warning, "handle 3 is held for 61 s");
    REQUIRE(writes.size() == 1);
    CHECK(writes[0] == "holdfast warning [pool] handle 3 is held for 61 s\n");
  }

  TEST_CASE("what is below the threshold is not written") {
    CHECK(logged(LogLevel::Warning, LogLevel::Info, "x").empty());
    CHECK(logged(LogLevel::Warning, LogLevel::Error, "x").size() == 1);
    CHECK(logged(LogLevel::Debug, LogLevel::Debug, "x").size() == 1);
    CHECK(logged(LogLevel::Off, LogLevel::Error, "x").empty());
    CHECK(logged(LogLevel::Off, LogLevel::Off, "x").empty());
  }

  TEST_CASE("the default threshold is a warning") {
    const std::shared_ptr<Logger> logger = makeStderrLogger();
    CapturedStderr captured;
    logger->log(LogLevel::Info, "pool", "no");
    logger->log(LogLevel::Warning, "pool", "yes");
    CHECK(captured.writes() == std::vector<std::string>{"holdfast warning [pool] yes\n"});
  }

  TEST_CASE("a message cannot pass for several lines") {
    const auto writes = logged(LogLevel::Debug, LogLevel::Info, "a\nholdfast error [pool] b\x1b[31m\x7f");
    REQUIRE(writes.size() == 1);
    CHECK(writes[0] == "holdfast info [pool] a holdfast error [pool] b [31m \n");
  }

  TEST_CASE("text that is not ASCII stays") {
    CHECK(logged(LogLevel::Debug, LogLevel::Info, "h\u00e9")[0] == "holdfast info [pool] h\u00e9\n");
  }

  TEST_CASE("a message that is too long is cut and marked") {
    const auto writes = logged(LogLevel::Debug, LogLevel::Error, std::string(5000, 'm'));
    REQUIRE(writes.size() == 1);
    CHECK(writes[0].size() == 2048);
    CHECK(writes[0].ends_with("mmm...\n"));
    const std::size_t room = 2044 - std::string_view("holdfast error [pool] ").size();
    CHECK(logged(LogLevel::Debug, LogLevel::Error, std::string(room, 'm'))[0].ends_with("mmm\n"));
  }

  TEST_CASE("a line is written when no memory is left") {
    const std::shared_ptr<Logger> logger = makeStderrLogger();
    CapturedStderr captured;
    {
      const holdfast::test::FailingAllocation failing(0);
      logger->log(LogLevel::Error, "memory", "the limit is reached");
    }
    CHECK(captured.writes() == std::vector<std::string>{"holdfast error [memory] the limit is reached\n"});
  }

  TEST_CASE("a standard error that is closed or full does not matter and leaves errno alone") {
    const std::shared_ptr<Logger> logger = makeStderrLogger();
    const int saved = ::dup(STDERR_FILENO);
    ::close(STDERR_FILENO);
    errno = ENOENT;
    logger->log(LogLevel::Error, "pool", "nobody reads this");
    const int after = errno;
    ::dup2(saved, STDERR_FILENO);
    ::close(saved);
    CHECK(after == ENOENT);
  }

  TEST_CASE("threads do not write into each other's lines") {
    constexpr int kThreads = 4;
    const std::shared_ptr<Logger> logger = makeStderrLogger();
    CapturedStderr captured;
    {
      std::vector<holdfast::port::Thread> threads;
      for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back("log", [&logger] { logger->log(LogLevel::Error, "pool", std::string(500, 'm')); });
      }
    }
    const std::string line = "holdfast error [pool] " + std::string(500, 'm') + "\n";
    CHECK(captured.writes() == std::vector<std::string>(kThreads, line));
  }

  TEST_CASE("every level has a text") {
    const std::array<std::string_view, 5> texts{"debug", "info", "warning", "error", "off"};
    for (std::size_t i = 0; i < texts.size(); ++i) CHECK(toText(static_cast<LogLevel>(i)) == texts[i]);
    CHECK(toText(static_cast<LogLevel>(9)) == "unknown");
  }
}
