#include <holdfast/connection_pool.hpp>

#include "bench_transactions/row_writer.hpp"
#include "bench_transactions/table_of_rows.hpp"

namespace bench {

namespace {

class PoolTransactions final : public RowWriter {
 public:
  explicit PoolTransactions(const std::string& path) : pool_(writerConfig(path, holdfast::Durability::Full)) {
    growLog(pool_);
  }

  std::uint64_t write(std::size_t, const std::atomic<bool>& stop, LatencyHistogram& latency) override {
    return writeUntil(stop, latency,
                      [this] { pool_.transaction([](holdfast::Transaction& tx) { tx.run(kInsertRow, kPayload); }); });
  }

 private:
  holdfast::ConnectionPool pool_;
};

}  // namespace

std::unique_ptr<RowWriter> poolTransactions(const std::string& path) {
  return std::make_unique<PoolTransactions>(path);
}

}  // namespace bench
