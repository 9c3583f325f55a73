#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <holdfast/testing/fault_report.hpp>
#include <holdfast/testing/fault_runs.hpp>
#include <holdfast/testing/scenario.hpp>

namespace holdfast::testing {

/// Something wrong, and what.
using Fault = std::pair<Verdict, std::string>;

/// What must be in a database after a cut, by what the work had been told up to then.
class Oracle {
 public:
  /// `whole`: the transactions in order of commit, where the run went on to its end; needed for Loss::Suffix.
  Oracle(std::vector<Attempt::Mark> marks, Loss loss, std::vector<std::int64_t> whole = {});

  struct Answer {
    std::optional<Fault> fault;
    bool lostSuffix = false;
  };
  /// `position`: so many changes of files had been carried out.
  Answer judge(const std::vector<std::int64_t>& found, std::size_t position) const;
  std::uint64_t acknowledged() const noexcept;

 private:
  std::vector<Attempt::Mark> marks_;
  Loss loss_;
  std::vector<std::int64_t> whole_;
};

/// What plain SQLite says of a database on the plain file layer.
struct Inspection {
  std::optional<Fault> fault;
  std::vector<std::int64_t> committed;
};
Inspection inspect(const Scenario& scenario, const std::string& database);

}  // namespace holdfast::testing
