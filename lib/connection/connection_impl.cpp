#include "connection/connection_impl.hpp"

#include <utility>

#include "connection/row_reading.hpp"
#include "connection/sqlite_error.hpp"
#include "connection/statement_binding.hpp"
#include "core/text.hpp"

namespace holdfast {
namespace {

/// Measures one call in 64, with that weight: reading the clock costs as much as 1 % of a point read.
class SampledTimer {
 public:
  SampledTimer(std::uint64_t number, LatencyHistogram& histogram) noexcept
      : histogram_(number % kEvery == 0 ? &histogram : nullptr) {
    if (histogram_ != nullptr) start_ = std::chrono::steady_clock::now();
  }
  SampledTimer(const SampledTimer&) = delete;
  SampledTimer& operator=(const SampledTimer&) = delete;
  ~SampledTimer() {
    if (histogram_ != nullptr) histogram_->record(std::chrono::steady_clock::now() - start_, kEvery);
  }

 private:
  static constexpr std::uint64_t kEvery = 64;
  LatencyHistogram* histogram_;
  std::chrono::steady_clock::time_point start_;
};

int noteWalPages(void* impl, sqlite3* /*handle*/, const char* /*database*/, int pages) {
  static_cast<Connection::Impl*>(impl)->walPages.store(pages, std::memory_order_relaxed);
  return SQLITE_OK;
}

}  // namespace

/// One statement of the cache, bound, and reset when the call is over.
class Connection::Impl::Use {
 public:
  Use(Impl& impl, const Sql& sql, std::span<const ValueView> values) : cache_(impl.statements) {
    try {
      {
        const StatementGuard::Judging judging(impl.guard);
        statement_ = &cache_.acquire(impl.handle, sql);
      }
      if (impl.leasedFor == Access::Read && !statement_->readOnly) {
        throw Error(ErrorCode::Denied,
                    "the statement writes, and this is a read handle: use run(), a transaction, or "
                    "acquire(Access::Write)");
      }
      bindValues(impl.handle, statement_->handle, values);
    } catch (const Error& error) {
      if (statement_ != nullptr) cache_.release(*statement_);
      impl.raise(error, sql);
    }
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  ~Use() { cache_.release(*statement_); }

  sqlite3_stmt* handle() const noexcept { return statement_->handle; }

 private:
  StatementCache& cache_;
  CachedStatement* statement_ = nullptr;
};

Connection::Impl::Impl(std::uint64_t number, const ConnectionProfile& wanted, LatencyHistogram& latency)
    : id(number),
      profile(wanted),
      database(openHandle(wanted)),
      handle(database->getHandle()),
      statements(wanted.statementCacheEntries, wanted.statementCacheBytes),
      leasedFor(wanted.access),
      durability_(wanted.durability),
      queryLatency_(latency) {
  control.prepare(handle);
  installHooks();
}

Connection::Impl::~Impl() {
  // The handle closes after this body: what is prepared on it must be gone, or it would leak.
  control.finalize();
  statements.clear();
}

void Connection::Impl::installHooks() noexcept {
  guard.install(handle);
  sqlite3_wal_hook(handle, &noteWalPages, this);
}

RunResult Connection::Impl::run(const Sql& sql, std::span<const ValueView> values) {
  auto ignore = [](const RowView&) { return true; };
  const std::int64_t before = sqlite3_total_changes64(handle);
  visit(sql, values, detail::RowVisitor(ignore));
  // sqlite3_changes() keeps the count of an earlier statement when this one was not an INSERT, UPDATE or DELETE.
  const bool changed = sqlite3_total_changes64(handle) != before;
  return {changed ? sqlite3_changes64(handle) : 0, sqlite3_last_insert_rowid(handle)};
}

void Connection::Impl::visit(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visitor) {
  requireUsable();
  const SampledTimer timer(queries.value(), queryLatency_);
  queries.add();
  const Use use(*this, sql, values);
  stepThrough(use.handle(), sql, visitor);
}

Rows Connection::Impl::query(const Sql& sql, std::span<const ValueView> values) {
  requireUsable();
  const SampledTimer timer(queries.value(), queryLatency_);
  queries.add();
  const Use use(*this, sql, values);
  const auto names = readColumnNames(RowView(use.handle()));
  std::vector<Row> rows;
  auto keep = [&](const RowView& row) {
    rows.emplace_back(names, readValues(row));
    return true;
  };
  stepThrough(use.handle(), sql, detail::RowVisitor(keep));
  return Rows(names, std::move(rows));
}

void Connection::Impl::stepThrough(sqlite3_stmt* statement, const Sql& sql, detail::RowVisitor visitor) {
  const RowView row(statement);
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    if (!visitor(row)) return;
  }
  if (code != SQLITE_DONE) raise(makeSqliteError(handle, code), sql);
}

void Connection::Impl::raise(const Error& cause, const Sql& sql) {
  failures.add();
  noteBreakage(cause.sqliteCode());
  const auto explained = [&]() -> Error {
    if (revoked.load(std::memory_order_relaxed)) {
      return Error(ErrorCode::LeaseRevoked, "the lease was held too long and has been forced back", cause.sqliteCode(),
                   0);
    }
    if ((cause.sqliteCode() & 0xff) == SQLITE_AUTH) {
      return Error(ErrorCode::Denied, guard.denialReason(), cause.sqliteCode(), 0);
    }
    return cause;
  };
  throw explained().addFrame("Connection.run (" + shortenSql(sql.text()) + ")");
}

void Connection::Impl::noteBreakage(int sqliteCode) noexcept {
  if (breaksHandle(sqliteCode)) broken = true;
}

void Connection::Impl::requireUsable() const {
  if (revoked.load(std::memory_order_relaxed)) {
    throw Error(ErrorCode::LeaseRevoked, "the lease was held too long and has been forced back");
  }
}

}  // namespace holdfast
