#include <mutex>
#include <vector>

#include "bench_transactions/bare_writer.hpp"
#include "bench_transactions/row_writer.hpp"

namespace bench {

namespace {

class HandleForEachThread final : public RowWriter {
 public:
  HandleForEachThread(const std::string& path, std::size_t threads)
      : path_(path), first_(path, writerSettings(holdfast::Durability::Full)), writers_(threads) {
    growLog(first_);
  }

  std::uint64_t write(std::size_t thread, const std::atomic<bool>& stop, LatencyHistogram& latency) override {
    if (thread >= writers_.size()) return 0;
    std::unique_ptr<BareWriter>& writer = writers_[thread];
    if (writer == nullptr) writer = std::make_unique<BareWriter>(path_, holdfast::Durability::Full);
    return writeUntil(stop, latency, [&] { writer->insertInTransaction(); });
  }

 private:
  const std::string path_;
  BareHandle first_;  // Stays open: the last handle to close would take the log away.
  std::vector<std::unique_ptr<BareWriter>> writers_;
};

class HandleBehindMutex final : public RowWriter {
 public:
  explicit HandleBehindMutex(const std::string& path) : writer_(path, holdfast::Durability::Full) {
    growLog(writer_.handle());
  }

  std::uint64_t write(std::size_t, const std::atomic<bool>& stop, LatencyHistogram& latency) override {
    return writeUntil(stop, latency, [this] {
      const std::lock_guard lock(mutex_);
      writer_.insertInTransaction();
    });
  }

 private:
  std::mutex mutex_;
  BareWriter writer_;
};

}  // namespace

std::unique_ptr<RowWriter> handleForEachThread(const std::string& path, std::size_t threads) {
  return std::make_unique<HandleForEachThread>(path, threads);
}

std::unique_ptr<RowWriter> handleBehindMutex(const std::string& path) {
  return std::make_unique<HandleBehindMutex>(path);
}

}  // namespace bench
