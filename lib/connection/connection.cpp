#include <holdfast/connection.hpp>

#include "connection/connection_impl.hpp"
#include "core/out_of_memory.hpp"

namespace holdfast {

std::string_view toText(Access access) noexcept { return access == Access::Read ? "read" : "write"; }

Connection::Connection(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

Connection::~Connection() {
  if (impl_ != nullptr && impl_->inForkedChild()) {
    // Closing would drop the parent's locks. GCOVR_EXCL_START: a child ends without writing down what it has counted.
    static_cast<void>(impl_.release());
    // GCOVR_EXCL_STOP
  }
}

RunResult Connection::runBound(const Sql& sql, std::span<const ValueView> values) {
  return translatingBadAlloc([&] { return impl_->run(sql, values, detail::RowVisitor::none()); });
}

RunResult Connection::runReturningBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) {
  return translatingBadAlloc([&] { return impl_->run(sql, values, visit); });
}

void Connection::visitBound(const Sql& sql, std::span<const ValueView> values, detail::RowVisitor visit) {
  translatingBadAlloc([&] { impl_->visit(sql, values, visit); });
}

Rows Connection::queryBound(const Sql& sql, std::span<const ValueView> values) {
  return translatingBadAlloc([&] { return impl_->query(sql, values); });
}

std::uint64_t Connection::id() const noexcept { return impl_->id; }

Access Connection::access() const noexcept { return impl_->leasedFor; }

bool Connection::inTransaction() const noexcept { return impl_->inTransaction(); }

std::int64_t Connection::lastInsertRowId() const noexcept { return sqlite3_last_insert_rowid(impl_->handle); }

void Connection::interrupt() noexcept { impl_->interrupt(); }

sqlite3* Connection::nativeHandle() noexcept { return impl_->giveNativeHandle(); }

}  // namespace holdfast
