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
  /// Names are short: eight bytes at a time, the last ones once more where they do not come out even, multiplied by the
  /// golden ratio (Knuth, TAOCP 3, 6.4).
  static std::uint64_t hashOf(std::string_view name) noexcept {
    constexpr std::size_t kWord = sizeof(std::uint64_t);
    std::uint64_t word = 0;
    if (name.size() < kWord) {
      if (!name.empty()) std::memcpy(&word, name.data(), name.size());
      return mixed(name.size(), word);
    }
    std::uint64_t hash = name.size();
    for (std::size_t at = 0; at + kWord < name.size(); at += kWord) {
      std::memcpy(&word, name.data() + at, kWord);
      hash = mixed(hash, word);
    }
    std::memcpy(&word, name.data() + name.size() - kWord, kWord);
    return mixed(hash, word);
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
    if (2 * count_ >= buckets_.size()) grow();  // Half full, so that most names are the first of their bucket.
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
  static std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) noexcept {
    constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;
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
