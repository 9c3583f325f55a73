#include "memory_stress/operations.hpp"

namespace bench {

const char* toText(Kind kind) noexcept {
  static constexpr std::array<const char*, kKinds> kNames{
      "read",       "rangeScan",  "update", "sort",     "largeRead", "largeWrite", "join",
      "fullScan",   "topSort",    "group",  "wideJoin", "hugeRead",  "hugeWrite",  "statement",
      "cachedRead", "cachedList", "lease",  "cycle",    "fault"};
  return kNames[indexOf(kind)];
}

bool isWrite(Kind kind) noexcept { return kind == Kind::Update || kind == Kind::LargeWrite || kind == Kind::HugeWrite; }

bool isWholeTable(Kind kind) noexcept {
  return kind == Kind::FullScan || kind == Kind::TopSort || kind == Kind::Group || kind == Kind::WideJoin;
}

}  // namespace bench
