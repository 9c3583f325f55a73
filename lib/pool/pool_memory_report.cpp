// Who holds what: memory() and its one line.

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include <holdfast/memory_budget.hpp>

#include "connection/sqlite_library.hpp"
#include "core/port/memory_signals.hpp"
#include "core/text.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {
namespace {

std::string mebibytes(std::int64_t bytes) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", static_cast<double>(bytes) / static_cast<double>(MiB));
  return text.data();
}

std::int64_t sumOf(const std::vector<HandleMemory>& handles, std::int64_t HandleMemory::*figure) {
  std::int64_t sum = 0;
  for (const HandleMemory& handle : handles) sum += handle.*figure;
  return sum;
}

}  // namespace

std::string MemoryReport::summary() const {
  std::string text = "memory " + mebibytes(heap.usedBytes + allCachesBytes + allPostedBytes);
  if (limitBytes > 0) text += "/" + mebibytes(limitBytes);
  text += std::string(" MiB (") + std::string(toText(stage));
  const char* separator = ": ";
  for (const MemorySource reason : reasons) {
    text.append(separator).append(toText(reason));
    separator = ", ";
  }
  text += "): page caches " + inKibibytes(sumOf(handles, &HandleMemory::cacheBytes)) + " in " +
          std::to_string(handles.size()) + " handles, statements " +
          inKibibytes(sumOf(handles, &HandleMemory::statementBytes)) + ", schemas " +
          inKibibytes(sumOf(handles, &HandleMemory::schemaBytes)) + ", running and others " + inKibibytes(otherBytes) +
          ", repository caches " + inKibibytes(allCachesBytes) + ", posted work " + inKibibytes(allPostedBytes);
  const auto most = std::max_element(handles.begin(), handles.end(), [](const HandleMemory& a, const HandleMemory& b) {
    return a.totalBytes() < b.totalBytes();
  });
  if (most != handles.end() && most->totalBytes() > 0) {
    text += "; most: #" + std::to_string(most->connectionId) + " with " + inKibibytes(most->totalBytes());
  }
  return text;
}

void ConnectionPool::Core::noteMemory(std::size_t slot) noexcept {
  Slot& entry = table[slot];
  if (entry.connection == nullptr) return;
  const HandleBytes bytes = entry.connection->impl().memory();
  entry.pageBytes.store(bytes.pages, std::memory_order_relaxed);
  entry.schemaBytes.store(bytes.schema, std::memory_order_relaxed);
  entry.statementBytes.store(bytes.statements, std::memory_order_relaxed);
}

void ConnectionPool::Core::lookAtIdleHandles() noexcept {
  for (std::size_t slot = 0; slot < table.size(); ++slot) {
    // Not takeForMaintenance(): that would end a group and the anchor, and looking disturbs neither.
    if (!table.tryTake(slot)) continue;
    noteMemory(slot);
    endLease(slot);
  }
}

MemoryReport ConnectionPool::Core::lastKnownMemory() const {
  MemoryReport report;
  report.heap = sqlite_memory::heap();
  report.limitBytes = ProcessMemory::instance().limit();
  report.otherBytes = report.heap.usedBytes;
  report.allCachesBytes = CacheManager::totalBytes();
  report.repositoryCacheBytes = hub->cacheBytes();
  report.postedPieces = posts.size();
  report.postedBytes = posts.bytes();
  report.allPostedBytes = PostQueue::totalBytes();
  report.changeLogBytes = changes.bytes();
  const HeavyStatements::Figures heavy = HeavyStatements::instance().figures();
  report.heavyStatements = {heavy.width, heavy.running, heavy.entered, heavy.waited};
  report.stage = memoryStage.load(std::memory_order_relaxed);
  const StageDemands demands = watch.demands();
  for (std::size_t i = 0; i < StageDemands::kSources && report.stage != MemoryStage::Normal; ++i) {
    const auto source = static_cast<MemorySource>(i);
    if (demands.of(source) == report.stage) report.reasons.push_back(source);
  }
  report.refusesTransactions = report.stage == MemoryStage::Critical && watch.refusesTransactions();
  for (const MemoryAction action : actionsOf(report.stage)) {
    if (action != MemoryAction::RefuseTransactions || report.refusesTransactions) report.actions.push_back(action);
  }
  const port::LockGuard guard(mutex);
  for (SlotSet rest = table.open(); !rest.empty(); rest.erase(rest.first())) {
    const std::size_t slot = rest.first();
    const Slot& entry = table[slot];
    if (entry.connection == nullptr) continue;
    HandleMemory handle;
    handle.connectionId = entry.connection->id();
    handle.access = slot == SlotTable::kWriter ? Access::Write : Access::Read;
    handle.inUse = table.inUse().contains(slot);
    handle.cacheBytes = entry.pageBytes.load(std::memory_order_relaxed);
    handle.cacheLimitBytes = entry.cacheBytes.load(std::memory_order_relaxed);
    handle.schemaBytes = entry.schemaBytes.load(std::memory_order_relaxed);
    handle.statementBytes = entry.statementBytes.load(std::memory_order_relaxed);
    report.otherBytes -= handle.totalBytes();
    report.handles.push_back(handle);
  }
  report.otherBytes = std::max(report.otherBytes, std::int64_t{0});
  return report;
}

MemoryReport ConnectionPool::Core::memory() {
  requireOwnProcess();
  std::string root;
  {
    const port::LockGuard guard(mutex);
    requireOpen();
    root = config.memorySignalsRoot;
  }
  lookAtIdleHandles();
  MemoryReport report = lastKnownMemory();
  report.signals = port::readMemorySignals(root);
  return report;
}

}  // namespace holdfast
