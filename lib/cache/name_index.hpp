#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace holdfast {

/// Finds entries by their names. An entry has `name()`, `hash` and `next` (both the index's) and stays where it is. The
/// standard's map divides by a prime at each look-up, which takes as long as all the rest of it.
template <typename Entry>
class NameIndex {
 public:
  /// Names are short: eight bytes at a time, multiplied by the golden ratio (Knuth, TAOCP 3, 6.4).
  static std::uint64_t hashOf(std::string_view name) noexcept {
    std::uint64_t hash = name.size();
    const char* at = name.data();
    std::size_t left = name.size();
    for (; left >= sizeof(std::uint64_t); left -= sizeof(std::uint64_t), at += sizeof(std::uint64_t)) {
      hash = mixed(hash, at, sizeof(std::uint64_t));
    }
    return left > 0 ? mixed(hash, at, left) : hash;
  }

  Entry* find(std::string_view name) const noexcept {
    if (buckets_.empty()) return nullptr;
    const std::uint64_t hash = hashOf(name);
    for (Entry* entry = buckets_[bucketOf(buckets_, hash)]; entry != nullptr; entry = entry->next) {
      if (entry->hash == hash && entry->name() == name) return entry;
    }
    return nullptr;
  }
  /// Throws std::bad_alloc, and then nothing has changed.
  void insert(Entry& entry) {
    if (count_ >= buckets_.size()) grow();
    entry.hash = hashOf(entry.name());
    put(buckets_, entry);
    ++count_;
  }
  void erase(Entry& entry) noexcept {
    Entry** at = &buckets_[bucketOf(buckets_, entry.hash)];
    while (*at != &entry) at = &(*at)->next;
    *at = entry.next;
    --count_;
  }

 private:
  using Buckets = std::vector<Entry*>;

  static std::size_t bucketOf(const Buckets& buckets, std::uint64_t hash) noexcept {
    return static_cast<std::size_t>(hash) & (buckets.size() - 1);
  }
  static std::uint64_t mixed(std::uint64_t hash, const char* bytes, std::size_t count) noexcept {
    constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, count);
    hash = (hash ^ word) * kGolden;
    return hash ^ (hash >> 32);
  }
  static void put(Buckets& buckets, Entry& entry) noexcept {
    Entry*& first = buckets[bucketOf(buckets, entry.hash)];
    entry.next = first;
    first = &entry;
  }
  void grow() {
    Buckets larger(buckets_.empty() ? 16 : 2 * buckets_.size(), nullptr);
    for (Entry* entry : buckets_) {
      while (entry != nullptr) {
        Entry* const next = entry->next;
        put(larger, *entry);
        entry = next;
      }
    }
    buckets_.swap(larger);
  }

  Buckets buckets_;  // A power of two of them.
  std::size_t count_ = 0;
};

}  // namespace holdfast
