#pragma once

#include <cstddef>
#include <iterator>
#include <utility>

#include <holdfast/detail/entity_reads.hpp>

namespace holdfast {

/// The entities that a query finds, one after the other, in constant memory: `for (const Reading& r :
/// readings.stream({...}))`. An input range: it is gone through once, by one thread.
///
/// While it lives it holds a read handle of the pool, and one view of the database. Leaving the loop early gives them
/// back. In a transaction it reads through the transaction's handle, and must go before the transaction ends.
template <typename Entity>
class EntityStream {
 public:
  class Iterator {
   public:
    using value_type = Entity;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    const Entity& operator*() const noexcept { return stream_->entity_; }
    const Entity* operator->() const noexcept { return &stream_->entity_; }
    /// Throws what reading a row meets.
    Iterator& operator++() {
      stream_->advance();
      return *this;
    }
    void operator++(int) { stream_->advance(); }
    bool operator==(std::default_sentinel_t /*end*/) const noexcept { return !stream_->standsOnRow_; }

   private:
    friend class EntityStream;
    explicit Iterator(EntityStream& stream) noexcept : stream_(&stream) {}
    EntityStream* stream_;
  };

  EntityStream(detail::RepositoryCore::Stream rows, const detail::EntityReader<Entity>& reader)
      : rows_(std::move(rows)), reader_(reader) {}

  /// Reads the first row. Once.
  Iterator begin() {
    advance();
    return Iterator(*this);
  }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  void advance() {
    auto read = [this](const RowView& row) { reader_.read(row, entity_); };
    standsOnRow_ = false;
    standsOnRow_ = rows_.next(detail::RowVisitor(read));
  }

  detail::RepositoryCore::Stream rows_;
  detail::EntityReader<Entity> reader_;
  Entity entity_{};
  bool standsOnRow_ = false;
};

}  // namespace holdfast
