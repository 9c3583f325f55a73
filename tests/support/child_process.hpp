#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <utility>

// Of GCC's coverage run-time, where the program is built with it: writes down what has been counted.
extern "C" [[gnu::weak]] void __gcov_exit();

namespace holdfast::test {

/// What inChild() returns where its body threw.
inline constexpr int kThrewInChild = 126;

/// Runs `body` in a child made by fork(). Returns what it returns, 0 to 127, or -1 where the child died of a signal.
/// An exception ends in the child, or the child would go on with the parent's test.
template <typename F>
int inChild(F&& body) {
  std::fflush(nullptr);  // What is buffered would be written by both.
  const pid_t child = ::fork();
  if (child == 0) {
    int result = kThrewInChild;
    try {
      result = std::forward<F>(body)();
    } catch (const std::exception& failure) {
      std::fprintf(stderr, "in a child: %s\n", failure.what());
    } catch (...) {
    }
    // Not exit(): that ends what belongs to the parent, and the leak check waits for locks that the parent's other
    // threads held at the fork.
    if (__gcov_exit != nullptr) __gcov_exit();
    ::_exit(result);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

}  // namespace holdfast::test
