#pragma once

#include <new>

#include <holdfast/error.hpp>

// What becomes of errors while operator new finds no memory: the first one travels on, with less text.

namespace holdfast {

/// What std::bad_alloc becomes on its way to the application.
[[nodiscard]] inline Error outOfMemory() {
  return {ErrorCode::MemoryLimit, "the process has no memory left (operator new): free some, then try again"};
}

/// Runs `body`; std::bad_alloc leaves it as Error{MemoryLimit}.
template <typename F>
decltype(auto) translatingBadAlloc(F&& body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    throw outOfMemory();
  }
}

/// Adds what `text()` returns; where there is no memory for it the error stays as it is, and does not become another.
template <typename F>
Error& addFrameIfPossible(Error& error, F&& text) noexcept {
  try {
    error.addFrame(text());
  } catch (const std::bad_alloc&) {
  }
  return error;
}

template <typename F>
Error& setContextIfPossible(Error& error, F&& text) noexcept {
  try {
    error.setContext(text());
  } catch (const std::bad_alloc&) {
  }
  return error;
}

}  // namespace holdfast
