// Posted work: carried out by whoever commits next, or by the poster thread when it is due.

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

#include "pool/in_context.hpp"
#include "pool/pool_core.hpp"

namespace holdfast {
namespace {

constexpr int kMaxAttempts = 5;

Holder ownWork() { return {Place::here(), nullptr, true, port::currentThreadId()}; }

}  // namespace

void ConnectionPool::postTask(std::unique_ptr<detail::PostedTask> task) {
  inContext(*core_, [&] { core_->post(std::move(task)); });
}

void ConnectionPool::submit(std::unique_ptr<detail::AsyncTask> task) {
  inContext(*core_, [&] { core_->submit(Task([task = std::move(task)] { task->run(); })); });
}

void ConnectionPool::Core::post(std::unique_ptr<detail::PostedTask> task) {
  requireOwnProcess();
  checkResourceLimits(Priority::Telemetry, {});
  SteadyTime deadline;
  bool holdsWriter = false;  // Then it takes the work along itself, later.
  {
    const port::LockGuard guard(mutex);
    requireOpen();
    deadline = std::min(SteadyClock::now() + config.acquireTimeout, task->deadline);
    const LeaseRecord& writer = table[SlotTable::kWriter].lease;
    holdsWriter = InsideTransaction::of(this) || (writer.id() != 0 && writer.thread() == port::currentThreadId());
  }
  // These would wait for room that only they can make.
  if (holdsWriter || posts.isCurrentThread()) deadline = SteadyClock::now();
  const bool byCaller = config.housekeeping == HousekeepingMode::Manual && !holdsWriter;
  if (byCaller && (posts.due() || !posts.hasRoomFor(*task))) flushOnce();
  if (config.housekeeping == HousekeepingMode::Thread) startPoster();
  if (!posts.push(task, deadline)) {
    {
      const port::LockGuard guard(mutex);
      requireOpen();
    }
    if (posts.closed()) throw Error(ErrorCode::PoolClosed, "the database is being closed");
    throw Error(ErrorCode::PoolExhausted,
                "the queue of posted work is full: " + std::to_string(posts.size()) + " pieces with " +
                    std::to_string(posts.bytes()) +
                    " bytes wait to be written; post less, or raise postCapacity or memoryLimit");
  }
  counters.posted.add();
  if (!byCaller || !posts.due()) return;
  try {
    flushOnce();
  } catch (const std::exception& failure) {
    log(LogLevel::Warning, {"posted work is put off: ", failure.what()});  // It is queued: the future will tell.
  }
}

void ConnectionPool::Core::startPoster() {
  posts.startThread([this] {
    while (posts.awaitDue()) {
      try {
        flushOnce();
      } catch (const std::exception& failure) {
        log(LogLevel::Warning, {"posted work is put off: ", failure.what()});
        port::sleepFor(config.retry.maxDelay);
      }
    }
  });
}

void ConnectionPool::Core::flushOnce() {
  try {
    flushOrThrow();
  } catch (const std::exception& failure) {
    failOverduePosts(failure);
    throw;
  }
}

void ConnectionPool::Core::failOverduePosts(const std::exception& why) noexcept {
  Ended ended;
  ended.tasks = posts.takeOverdue();
  for (auto& task : ended.tasks) {
    try {
      if (task->cancel.stop_requested())
        throw Error(ErrorCode::Interrupted, "a stop was requested before it was written");
      throw Error(ErrorCode::Timeout, std::string("it could not be written by its deadline: ") + why.what());
    } catch (...) {
      task->failure = std::current_exception();
    }
  }
  settledPosts.fetch_add(ended.tasks.size());
  endPosted(std::move(ended));
}

// A transaction of nobody's, which takes along what is posted.
void ConnectionPool::Core::flushOrThrow() {
  if (posts.empty()) return;
  const Patience patience = patienceFor({});
  for (int attempt = 0; !tryFlush(patience.deadline); ++attempt) {
    if (attempt >= patience.policy.maxRetries) {
      throw Error(ErrorCode::Busy, "another process holds the lock; what is posted stays queued");
    }
    counters.retries.add();
  }
}

bool ConnectionPool::Core::tryFlush(SteadyTime deadline) {
  PooledConnection lease =
      acquire({.timeout = timeLeft(deadline), .holder = ownWork(), .mayJoin = true, .keepsView = true});
  Connection::Impl& impl = lease->impl();
  impl.setLimits({.lockDeadline = deadline});
  if (group.empty()) {
    storage.admit(*lease, false);
    makeRoomInLog(*lease, deadline);
    group.begin(config.durability, SteadyClock::now(), impl.payloadBytes.value());
    try {
      impl.beginImmediate();
    } catch (const Error& error) {
      if (error.code() == ErrorCode::Busy) return false;
      throw;
    }
  }
  Ended ended = commitGroup(*lease, nullptr);
  lease.release();
  tellMembers(ended);
  endPosted(std::move(ended));
  return true;
}

std::size_t ConnectionPool::Core::mostPosts() const noexcept {
  constexpr std::size_t kBatches = 4;
  return kBatches * config.postBatch;
}

void ConnectionPool::Core::flush() {
  requireOwnProcess();
  const std::uint64_t target = posts.pushed();
  // What posted work posts itself comes after it: a few rounds more.
  for (int more = 0; !posts.empty() && more < kMaxAttempts;) {
    const std::uint64_t before = settledPosts.load();
    flushOnce();
    more = before < target && settledPosts.load() != before ? 0 : more + 1;
  }
  if (settledPosts.load() < target && !posts.empty()) {
    throw Error(ErrorCode::MemoryLimit, "posted work could not be carried out for want of memory; it stays queued");
  }
  // One that took the last of them along may be committing still; and what was committed at less than Full.
  const PooledConnection lease = acquire({.holder = ownWork(), .keepsView = true});
  lease->impl().syncLog();
}

void ConnectionPool::Core::submit(Task&& task) {
  requireOwnProcess();
  SteadyTime deadline;
  std::shared_ptr<Executor> threads;
  {
    const port::LockGuard guard(mutex);
    requireOpen();
    deadline = SteadyClock::now() + config.acquireTimeout;
    threads = executor;
  }
  if (threads->submit(std::move(task), deadline)) return;
  throw Error(ErrorCode::PoolExhausted,
              "the queue of asynchronous calls is full: " + std::to_string(threads->pending()) +
                  " wait for a thread; call less, or raise asyncThreads or asyncCapacity")
      .setContext(contextText());
}

void ConnectionPool::Core::runPosted(Connection& writer, PostQueue::Tasks& done) noexcept {
  Connection::Impl& impl = writer.impl();
  if (posts.empty()) return;
  PostQueue::Tasks tasks;
  try {
    tasks = posts.take(std::min(std::exchange(postsUndone, mostPosts()), mostPosts()));
    done.reserve(tasks.size());
  } catch (const std::bad_alloc&) {
    return posts.putBack(std::move(tasks));
  }
  const std::uint64_t payloadBefore = impl.payloadBytes.value();
  for (auto& task : tasks) {
    // The one before met an error that made SQLite undo everything, or changed settings of the handle.
    if (!impl.canCommit() || impl.hasChangedState()) break;
    if (impl.payloadBytes.value() - payloadBefore >= static_cast<std::uint64_t>(config.groupMaxBytes)) break;
    impl.setLimits({.lockDeadline = task->deadline,
                    .deadline = task->deadline,
                    .cancel = task->cancel,
                    .maxBytes = config.maxTransactionBytes});
    runPostedOne(writer, *task);
    impl.clearLimits();
    group.join(task->durability.value_or(config.durability));
    done.push_back(std::move(task));
  }
  posts.putBack(std::move(tasks));
}

void ConnectionPool::Core::runPostedOne(Connection& writer, detail::PostedTask& task) noexcept {
  try {
    writer.impl().checkLimits();
    Transaction tx(writer, Transaction::Part{});
    const InsideTransaction inside(this);
    task.run(tx);
    tx.finish();
    task.failure = nullptr;
  } catch (...) {
    task.failure = std::current_exception();
  }
}

void ConnectionPool::Core::repeatPosted(Ended& ended) noexcept {
  const CommitResult& result = ended.result;
  if (result.outcome != CommitOutcome::NotDone || result.error == nullptr || result.error->code() != ErrorCode::Busy) {
    return;
  }
  const auto again = std::stable_partition(ended.tasks.begin(), ended.tasks.end(), [](const auto& task) {
    return task->failure != nullptr || ++task->attempts >= kMaxAttempts;
  });
  try {
    PostQueue::Tasks repeated(std::make_move_iterator(again), std::make_move_iterator(ended.tasks.end()));
    ended.tasks.erase(again, ended.tasks.end());
    postsUndone = std::max<std::size_t>(repeated.size(), 1);  // These first, and alone: whoever spoilt it comes later.
    posts.putBack(std::move(repeated));
  } catch (const std::bad_alloc&) {
    // Told of the error instead.
  }
}

void ConnectionPool::Core::endPosted(Ended ended) noexcept {
  const InsideTransaction outside(nullptr);  // A coroutine that goes on here may use the pool.
  for (const auto& task : ended.tasks) {
    if (task->failure != nullptr) {
      task->fail(std::exchange(task->failure, nullptr));
    } else if (ended.result.outcome == CommitOutcome::Done) {
      task->succeed();
    } else {
      std::exception_ptr why;
      try {
        throw Transaction::errorOf(ended.result.outcome, ended.result.error.get());
      } catch (...) {
        why = std::current_exception();  // Where there is no memory for the error, that.
      }
      task->fail(std::move(why));
    }
  }
}

}  // namespace holdfast
