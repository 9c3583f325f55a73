#include <holdfast/testing/scenario.hpp>

#include <utility>

#include <holdfast/testing/allocation_faults.hpp>
#include <holdfast/testing/faulty_disk.hpp>

namespace holdfast::testing {

Attempt::Attempt(FaultyDisk& disk, std::string database, std::uint64_t seed)
    : disk_(disk), database_(std::move(database)), seed_(seed) {
  // What is said about transactions must not be lost where the next allocation fails.
  constexpr std::size_t kUsual = 1024;
  marks_.reserve(kUsual);
}

void Attempt::mark(std::int64_t transaction, Mark::Kind kind) {
  const std::lock_guard lock(mutex_);
  marks_.push_back({transaction, kind, disk_.position()});
}

void Attempt::begin(std::int64_t transaction) { mark(transaction, Mark::Kind::Begun); }
void Attempt::acknowledge(std::int64_t transaction) { mark(transaction, Mark::Kind::Acknowledged); }
void Attempt::refuse(std::int64_t transaction) { mark(transaction, Mark::Kind::Refused); }

void Attempt::heal() noexcept {
  disk_.heal();
  AllocationFaults::stop();
  const std::lock_guard lock(mutex_);
  healed_ = true;
}

bool Attempt::isHealed() const noexcept {
  const std::lock_guard lock(mutex_);
  return healed_;
}

std::vector<Attempt::Mark> Attempt::marks() const {
  const std::lock_guard lock(mutex_);
  return marks_;
}

}  // namespace holdfast::testing
