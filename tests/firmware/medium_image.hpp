#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::test {

/// What becomes of changes that no sync() has confirmed when the power goes.
class CutLuck {
 public:
  enum class Fate : std::uint8_t { Lost, Kept, Torn };

  /// 0: all of them are lost. 1: all are kept. Others: as it happens, and the same each time.
  explicit CutLuck(std::uint32_t seed) noexcept : seed_(seed), state_(seed * 2654435761U + 1) {}

  Fate fate() noexcept {
    if (seed_ < 2) return seed_ == 0 ? Fate::Lost : Fate::Kept;
    return static_cast<Fate>(draw() % 3);
  }
  std::uint32_t draw() noexcept {
    // Marsaglia, Xorshift RNGs, 2003.
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_ >> 8;
  }

 private:
  std::uint32_t seed_;
  std::uint32_t state_;
};

/// One file of a medium that promises nothing: what is certain to be there, and the changes since then, of which a power
/// cut leaves any. That a later one is kept and an earlier one lost is the order turned round.
class MediumImage {
 public:
  using Bytes = std::vector<std::byte>;

  explicit MediumImage(std::string_view name) : name_(name) {}

  const std::string& name() const noexcept { return name_; }
  bool exists() const noexcept { return exists_; }
  const Bytes& content() const noexcept { return content_; }

  /// It has been there before.
  void adopt(Bytes content) noexcept {
    content_ = std::move(content);
    exists_ = true;
  }
  void write(std::int64_t offset, std::span<const std::byte> bytes) {
    pending_.push_back({static_cast<std::size_t>(offset), Bytes(bytes.begin(), bytes.end()), false});
  }
  void truncate(std::int64_t bytes) { pending_.push_back({static_cast<std::size_t>(bytes), {}, true}); }
  void sync() {
    for (const Change& change : pending_) apply(change, std::byte{0});
    pending_.clear();
    exists_ = true;
  }
  void remove() noexcept {
    content_.clear();
    pending_.clear();
    exists_ = false;
  }
  void cutPower(CutLuck& luck) {
    for (const Change& change : pending_) {
      const CutLuck::Fate fate = luck.fate();
      if (fate == CutLuck::Fate::Lost) continue;
      exists_ = true;
      if (fate == CutLuck::Fate::Torn && !change.truncates) {
        tear(change, luck);
      } else {
        apply(change, kGarbage);
      }
    }
    pending_.clear();
  }

 private:
  struct Change {
    std::size_t offset;  ///< Or the new length.
    Bytes bytes;
    bool truncates;
  };
  static constexpr std::size_t kSector = 512;
  static constexpr std::byte kGarbage{0xa5};

  void apply(const Change& change, std::byte between) {
    if (change.truncates) {
      if (change.offset < content_.size()) content_.resize(change.offset);
      return;
    }
    const std::size_t end = change.offset + change.bytes.size();
    if (content_.size() < end) content_.resize(end, between);
    std::copy(change.bytes.begin(), change.bytes.end(), content_.begin() + static_cast<std::ptrdiff_t>(change.offset));
  }
  /// The sector that is being written when the power goes holds anything, those behind it are as they were.
  void tear(const Change& change, CutLuck& luck) {
    const std::size_t written = luck.draw() % (change.bytes.size() + 1);
    const std::size_t at = change.offset + written;
    const std::size_t begin = at / kSector * kSector;
    Change part{change.offset, Bytes(change.bytes.begin(), change.bytes.begin() + static_cast<std::ptrdiff_t>(written)),
                false};
    apply(part, kGarbage);
    if (written == change.bytes.size()) return;
    if (content_.size() < begin + kSector) content_.resize(begin + kSector, kGarbage);
    for (std::size_t i = begin; i < begin + kSector; ++i) content_[i] = static_cast<std::byte>(luck.draw());
  }

  std::string name_;
  bool exists_ = false;
  Bytes content_;
  std::vector<Change> pending_;
};

}  // namespace holdfast::test
