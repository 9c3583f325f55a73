#pragma once

#include <chrono>
#include <string>

namespace bench {

/// What a program shows while it works, on standard error: one line that is written over on a terminal, a plain line
/// every few seconds elsewhere, nothing when quiet. Used by one thread at a time.
class Progress {
 public:
  explicit Progress(bool quiet);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(const std::string& text);
  /// Takes the line away before something else is printed.
  void clear();

 private:
  bool quiet_;
  bool terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace bench
