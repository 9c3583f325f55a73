// Posted work: carried out by whoever commits next, or by the poster thread when it is due.

#include <algorithm>
#include <utility>

#include "pool/pool_core.hpp"

namespace holdfast {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr int kMaxAttempts = 5;

}  // namespace

void ConnectionPool::Core::post(std::unique_ptr<detail::PostedTask> task) {
  requireOwnProcess();
  checkResourceLimits();
  SteadyTime deadline;
  {
    const port::LockGuard guard(mutex);
    requireOpen();
    deadline = SteadyClock::now() + config.acquireTimeout;
  }
  counters.posted.add();
  const bool manual = config.housekeeping == HousekeepingMode::Manual;
  if (manual && posts.size() + 1 >= config.postBatch && InsideTransaction::current != this) flushOnce();
  if (!manual && posts.claimThread()) startPoster();
  if (!posts.push(task, deadline)) {
    const port::LockGuard guard(mutex);
    requireOpen();
    throw Error(ErrorCode::PoolExhausted, "the queue of posted work is full: " + std::to_string(posts.size()) +
                                              " wait to be written; post less, or raise postCapacity");
  }
}

void ConnectionPool::Core::startPoster() {
  posts.thread = port::Thread("holdfast-post", [this] {
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

void ConnectionPool::Core::stopPoster() noexcept {
  posts.close();
  posts.thread.join();
}

void ConnectionPool::Core::flushOnce() {
  if (posts.empty()) return;
  auto nothing = [](Transaction&) {};  // Committing takes along what is posted.
  runTransaction(Work(nothing), {}, {Place::here(), nullptr, true, port::currentThreadId()});
}

void ConnectionPool::Core::flush() {
  requireOwnProcess();
  while (!posts.empty()) flushOnce();
  // One that took the last of them along may be committing still; and what was committed at less than Full.
  const PooledConnection lease = acquire({.holder = {Place::here(), nullptr, true, port::currentThreadId()}});
  if (lease->impl().durability() != Durability::Full) lease->impl().syncLog();
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
  PostQueue::Tasks tasks = posts.take();
  try {
    done.reserve(tasks.size());
  } catch (const std::bad_alloc&) {
    return posts.putBack(std::move(tasks));
  }
  for (auto& task : tasks) {
    if (!impl.inTransaction()) break;  // The one before met an error that made SQLite undo everything.
    const Durability wanted = task->durability.value_or(config.durability);
    const std::unique_ptr<detail::PostedTask> failed = runPostedOne(writer, *task) ? nullptr : std::move(task);
    if (failed != nullptr) continue;
    group.join(wanted);
    done.push_back(std::move(task));
  }
  posts.putBack(std::move(tasks));
}

bool ConnectionPool::Core::runPostedOne(Connection& writer, detail::PostedTask& task) noexcept {
  std::exception_ptr failure;
  try {
    Transaction tx(writer, Transaction::Part{});
    const InsideTransaction inside(*this);
    task.run(tx);
    if (tx.phase_ == Transaction::Phase::Open) {
      if (writer.impl().hasDeferredViolations()) {
        throw Error(ErrorCode::Constraint, "FOREIGN KEY constraint failed: a deferred one is not met at the end", 787,
                    0);
      }
      tx.commit();
    }
    return true;
  } catch (...) {
    failure = std::current_exception();
  }
  task.fail(std::move(failure));
  return false;
}

void ConnectionPool::Core::endPosted(EndedTasks ended) noexcept {
  const CommitResult& result = ended.result;
  const bool again =
      result.outcome == CommitOutcome::NotDone && result.error != nullptr && result.error->code() == ErrorCode::Busy;
  for (auto& task : ended.tasks) {
    if (result.outcome == CommitOutcome::Done) {
      task->succeed();
    } else if (!again || ++task->attempts >= kMaxAttempts) {
      task->fail(std::make_exception_ptr(Transaction::errorOf(result.outcome, result.error.get())));
    } else {
      continue;
    }
    task.reset();
  }
  posts.putBack(std::move(ended.tasks));
}

}  // namespace holdfast
