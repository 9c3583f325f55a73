#include "faults.hpp"

#include <cstdio>

#include <holdfast/error.hpp>

namespace edge_agent {
namespace {

constexpr auto kSayAgainAfter = std::chrono::seconds{5};

bool passes(const std::exception& error) noexcept {
  const auto* known = dynamic_cast<const holdfast::Error*>(&error);
  if (known == nullptr) return false;
  switch (known->recovery()) {
    case holdfast::Recovery::RetryTransaction:
    case holdfast::Recovery::RetryLater:
    case holdfast::Recovery::FreeMemory:
    case holdfast::Recovery::FreeSpace:
    case holdfast::Recovery::VerifyOutcome: return true;
    default: return false;
  }
}

}  // namespace

void Faults::note(std::string_view place, const std::exception& error) {
  count_.fetch_add(1, std::memory_order_relaxed);
  const bool ends = !passes(error);
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    const auto [entry, isFirst] = said_.try_emplace(std::string(place), now);
    if (!isFirst && !ends && now - entry->second < kSayAgainAfter) return;
    entry->second = now;
  }
  std::fprintf(stderr, "edge_agent: %.*s: %s%s\n", static_cast<int>(place.size()), place.data(), error.what(),
               ends ? " (giving up)" : "");
  if (ends) fatal_.store(true, std::memory_order_relaxed);
}

}  // namespace edge_agent
