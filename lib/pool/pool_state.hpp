#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <holdfast/connection_config.hpp>

#include "core/port/mutex.hpp"
#include "core/port/thread.hpp"
#include "metrics/event_bus.hpp"
#include "policy/pool_sizing.hpp"
#include "pool/async_parts.hpp"
#include "pool/content_care.hpp"
#include "pool/damage_watch.hpp"
#include "pool/long_reads.hpp"
#include "pool/memory_watch.hpp"
#include "pool/pool_counters.hpp"
#include "pool/read_anchor.hpp"
#include "pool/schema_state.hpp"
#include "pool/slot_table.hpp"
#include "pool/storage_keeper.hpp"
#include "pool/wait_queue.hpp"
#include "storage/checkpoint_policy.hpp"
#include "storage/flash_ledger.hpp"
#include "transaction/commit_group.hpp"

namespace holdfast {

/// What a pool knows; pool_core.hpp has its invariants and what is done with it.
struct PoolState {
  enum class State : std::uint8_t { Closed, Opening, Open, Closing };

  // --- Under the lock --------------------------------------------------------------------------------------------
  mutable port::Mutex mutex;
  State state HOLDFAST_GUARDED_BY(mutex) = State::Closed;
  SlotTable table;  // By invariant (1), not by the lock alone.
  WaitQueue writeWaiters HOLDFAST_GUARDED_BY(mutex);
  WaitQueue readWaiters HOLDFAST_GUARDED_BY(mutex);
  port::Condition leaseEnded;
  /// The thread that has the pool to itself, or waits until it has; 0: none.
  std::uint64_t aloneThread HOLDFAST_GUARDED_BY(mutex) = 0;
  port::Condition aloneChanged;
  /// So many who had to wait for such a thread are served before the next one.
  std::size_t servedFirst HOLDFAST_GUARDED_BY(mutex) = 0;
  port::Condition housekeeperWake;
  bool housekeeperStop HOLDFAST_GUARDED_BY(mutex) = false;
  std::uint64_t timesOpened HOLDFAST_GUARDED_BY(mutex) = 0;
  std::uint64_t acquireWaits HOLDFAST_GUARDED_BY(mutex) = 0;
  std::uint64_t readWaits HOLDFAST_GUARDED_BY(mutex) = 0;  // Of these.
  std::size_t sizeTarget HOLDFAST_GUARDED_BY(mutex) = 0;   // So many handles may be open.
  SizingWindow sizing HOLDFAST_GUARDED_BY(mutex);
  std::uint64_t acquireTimeouts HOLDFAST_GUARDED_BY(mutex) = 0;
  bool abandoned HOLDFAST_GUARDED_BY(mutex) = false;
  bool draining HOLDFAST_GUARDED_BY(mutex) = false;        // close() has begun, and finishes what was posted first.
  bool workersRefused HOLDFAST_GUARDED_BY(mutex) = false;  // It has waited for asynchronous calls for long enough.
  /// close() has closed what was free; leases that come back close their handles themselves, and so many are left.
  bool handlesClosed HOLDFAST_GUARDED_BY(mutex) = true;
  std::size_t orphans HOLDFAST_GUARDED_BY(mutex) = 0;

  // --- Written by open() while nothing else runs -----------------------------------------------------------------
  ConnectionConfig config;
  std::string path;
  // Which file it is: SQLite would apply the log beside a path to whatever file lies there.
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::shared_ptr<Logger> logger;
  const Clock* clock = nullptr;
  std::atomic<std::uint32_t> generation{0};
  std::atomic<bool> holdsHandles{false};
  std::atomic<bool> foreignWritesSeen{false};
  std::atomic<bool> renewing{false};  // A handle, because of its age.

  // --- Free of the lock ------------------------------------------------------------------------------------------
  std::atomic<std::uint64_t> lastConnectionId{0};
  std::atomic<MemoryStage> memoryStage{MemoryStage::Normal};
  MemoryWatch watch;
  StorageKeeper storage;
  DamageWatch damage;
  FlashLedger flash;
  SchemaState schema;
  ContentCare content;
  CheckpointPolicy checkpoints{1};  // Like the group, used by the holder of the write handle.
  CommitGroup group;
  ReadAnchor anchor;
  PostQueue posts;
  std::atomic<std::uint64_t> settledPosts{0};  // So many pieces of posted work have ended.
  /// The first ones of the queue that were undone because of others: they go alone. By the holder of the write slot.
  std::size_t postsUndone = static_cast<std::size_t>(-1);
  std::shared_ptr<Executor> executor HOLDFAST_GUARDED_BY(mutex);
  EventBus events;
  port::Thread housekeeper;
  LongReads longReads;

  PoolCounters counters;
};

}  // namespace holdfast
