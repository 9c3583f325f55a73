#include "core/port/parker.hpp"

namespace holdfast::port {
namespace {

// Of trivial destruction: threads may end after the static objects.
constinit std::mutex freeMutex;
constinit Parker* firstFree = nullptr;

}  // namespace

/// A parker for the life of a thread.
class Parker::Loan {
 public:
  Loan() : parker_(take()) {}
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
  ~Loan() {
    const std::lock_guard guard(freeMutex);
    parker_->nextFree_ = firstFree;
    firstFree = parker_;
  }
  Parker& parker() const noexcept { return *parker_; }

 private:
  static Parker* take() {
    {
      const std::lock_guard guard(freeMutex);
      if (Parker* parker = firstFree; parker != nullptr) {
        firstFree = parker->nextFree_;
        return parker;
      }
    }
    return new Parker;
  }

  Parker* parker_;
};

Parker& Parker::ofThisThread() {
  thread_local const Loan loan;
  return loan.parker();
}

}  // namespace holdfast::port
