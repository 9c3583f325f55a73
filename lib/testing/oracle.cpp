#include "testing/oracle.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <memory>
#include <unordered_set>

#include <holdfast/testing/faulty_disk.hpp>

namespace holdfast::testing {
namespace {

struct ClosingDatabase {
  void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
};
using Handle = std::unique_ptr<sqlite3, ClosingDatabase>;

/// The rows of the check, one in each line.
int checkIntegrity(sqlite3* handle, std::string& text) {
  const auto append = [](void* out, int columns, char** values, char** /*names*/) {
    auto& lines = *static_cast<std::string*>(out);
    if (!lines.empty()) lines += "; ";
    if (columns > 0 && values[0] != nullptr) lines += values[0];
    return 0;
  };
  return sqlite3_exec(handle, "PRAGMA integrity_check(5)", append, &text, nullptr);
}

}  // namespace

Oracle::Oracle(std::vector<Attempt::Mark> marks, Loss loss, std::vector<std::int64_t> whole)
    : marks_(std::move(marks)), loss_(loss), whole_(std::move(whole)) {}

std::uint64_t Oracle::acknowledged() const noexcept {
  return static_cast<std::uint64_t>(std::count_if(marks_.begin(), marks_.end(), [](const Attempt::Mark& mark) {
    return mark.kind == Attempt::Mark::Kind::Acknowledged;
  }));
}

Oracle::Answer Oracle::judge(const std::vector<std::int64_t>& found, std::size_t position) const {
  const auto numbered = [](const char* what, std::int64_t number) {
    return "transaction " + std::to_string(number) + " " + what;
  };
  std::unordered_set<std::int64_t> there;
  for (const std::int64_t number : found) {
    if (!there.insert(number).second) return {Fault{Verdict::Phantom, numbered("is there twice", number)}, false};
  }
  std::unordered_set<std::int64_t> begun;
  Answer answer;
  for (const Attempt::Mark& mark : marks_) {
    if (mark.position > position) continue;
    const bool isThere = there.contains(mark.transaction);
    if (mark.kind == Attempt::Mark::Kind::Begun) {
      begun.insert(mark.transaction);
    } else if (mark.kind == Attempt::Mark::Kind::Refused) {
      if (isThere) return {Fault{Verdict::Resurrected, numbered("was refused and is there", mark.transaction)}, false};
    } else if (!isThere) {
      if (loss_ == Loss::None) {
        return {Fault{Verdict::Lost, numbered("was acknowledged and is not there", mark.transaction)}, false};
      }
      answer.lostSuffix = true;
    }
  }
  for (const std::int64_t number : found) {
    if (!begun.contains(number)) return {Fault{Verdict::Phantom, numbered("was never begun", number)}, false};
  }
  if (loss_ == Loss::Suffix &&
      !std::equal(found.begin(), found.end(), whole_.begin(),
                  whole_.begin() + static_cast<std::ptrdiff_t>(std::min(found.size(), whole_.size())))) {
    return {Fault{Verdict::Lost, "what is lost is not the end: an earlier transaction is missing"}, false};
  }
  return answer;
}

Inspection inspect(const Scenario& scenario, const std::string& database) {
  Inspection result;
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(database.c_str(), &opened, SQLITE_OPEN_READWRITE, FaultyDisk::plainVfs());
  const Handle handle(opened);
  const auto corrupt = [&result](const std::string& what) {
    result.fault = Fault{Verdict::Corrupt, what};
    return result;
  };
  if (code != SQLITE_OK) return corrupt(std::string("cannot be opened: ") + sqlite3_errstr(code));
  std::string text;
  if (checkIntegrity(opened, text) != SQLITE_OK) return corrupt(sqlite3_errmsg(opened));
  if (text != "ok") return corrupt(text);
  try {
    const std::string wrong = scenario.invariant(opened);
    if (!wrong.empty()) {
      result.fault = Fault{Verdict::Torn, wrong};
      return result;
    }
    if (scenario.committed) result.committed = scenario.committed(opened);
  } catch (const std::exception& failure) {
    result.fault = Fault{Verdict::Torn, std::string("looking at it failed: ") + failure.what()};
  }
  return result;
}

}  // namespace holdfast::testing
