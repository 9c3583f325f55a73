#pragma once

#include <coroutine>
#include <exception>

namespace holdfast::test {

/// A coroutine that begins at once and frees itself at its end. What it throws ends the process.
struct Job {
  struct promise_type {
    Job get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

}  // namespace holdfast::test
