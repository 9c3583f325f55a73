#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::testing {

/// The parts of the id of a point behind the scenario's name: "name/cut:1:2:3:4" has kind "cut" and fields 1, 2, 3, 4.
struct PointId {
  std::string kind;
  std::vector<std::string> fields;
};

/// Throws Error{InvalidArgument} where the id is none that a set of runs of this scenario can name: another scenario's,
/// of an unknown kind, or with fields that its kind does not have.
PointId parsePoint(const std::string& scenario, std::string_view id);

/// The number at that place of the id, or 0.
std::uint64_t numberIn(const PointId& id, std::size_t field) noexcept;

}  // namespace holdfast::testing
