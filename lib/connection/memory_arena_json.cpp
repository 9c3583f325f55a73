#include <nlohmann/json.hpp>

#include <holdfast/memory_arena.hpp>

namespace holdfast {

nlohmann::json toJson(const ArenaReport& report) {
  nlohmann::json result{{"allocator", toText(report.allocator)},
                        {"bytes", report.bytes},
                        {"heapBytes", report.heapBytes},
                        {"pageBytes", report.pageBytes},
                        {"usedBytes", report.usedBytes},
                        {"peakBytes", report.peakBytes},
                        {"largestFreeBytes", nullptr},
                        {"largestRequestBytes", report.largestRequestBytes},
                        {"guaranteedBytes", report.guaranteedBytes},
                        {"refusals", report.refusals},
                        {"pages", report.pages},
                        {"pagesUsed", report.pagesUsed},
                        {"pagesPeak", report.pagesPeak},
                        {"pageOverflowBytes", report.pageOverflowBytes}};
  if (report.largestFreeBytes) result["largestFreeBytes"] = *report.largestFreeBytes;
  return result;
}

}  // namespace holdfast
