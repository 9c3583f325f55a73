#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include <holdfast/detail/table_shape.hpp>
#include <holdfast/mapping.hpp>
#include <holdfast/statement_executor.hpp>

namespace holdfast::detail {

/// The key of an entity, as a copy.
template <typename Entity>
KeyOf<Entity> keyOf(const Entity& entity) {
  using S = Schema<Entity>;
  if constexpr (S::kKeyColumns == 1) {
    return entity.*(S::template column<S::kKey>().member);
  } else {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::tuple_cat([&] {
        if constexpr (S::template kIsKey<I>)
          return std::tuple(entity.*(S::template column<I>().member));
        else
          return std::tuple<>();
      }()...);
    }(std::make_index_sequence<S::kColumns>());
  }
}

/// The values of a key, ready to be bound, with what they need until the statement has run.
template <typename Entity>
class BoundKey {
  using S = Schema<Entity>;

 public:
  explicit BoundKey(const KeyOf<Entity>& key) {
    std::size_t part = 0;
    try {
      const auto bind = [&]<std::size_t I>(const auto& value) {
        part = I;
        values_[I] = ColumnType<std::remove_cvref_t<decltype(value)>>::bind(value, std::get<I>(buffers_));
      };
      if constexpr (S::kKeyColumns == 1) {
        bind.template operator()<0>(key);
      } else {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
          (bind.template operator()<I>(std::get<I>(key)), ...);
        }(std::make_index_sequence<S::kKeyColumns>());
      }
    } catch (Error& error) {
      addColumnBound(error, kShape<Entity>, kShape<Entity>.keys[part], {});
      throw;
    }
  }
  BoundKey(const BoundKey&) = delete;
  BoundKey& operator=(const BoundKey&) = delete;
  std::span<const ValueView> values() const noexcept { return values_; }

 private:
  template <typename... Parts>
  static auto buffers(std::type_identity<std::tuple<Parts...>>) -> std::tuple<typename ColumnType<Parts>::Buffer...>;

  std::array<ValueView, S::kKeyColumns> values_;
  decltype(buffers(std::type_identity<KeyTuple<Entity>>())) buffers_;
};

/// The same for all columns of an entity.
template <typename Entity>
class BoundEntity {
  using S = Schema<Entity>;

 public:
  /// With `withoutKey` the one of the key is left out.
  explicit BoundEntity(const Entity& entity, bool withoutKey = false) {
    std::size_t column = 0;
    try {
      S::forEach([&]<std::size_t I>() {
        column = I;
        if (S::template kIsKey<I> && withoutKey) return;
        values_[count_++] = ColumnType<typename S::template Member<I>>::bind(entity.*(S::template column<I>().member),
                                                                             std::get<I>(buffers_));
      });
    } catch (Error& error) {
      nameColumn(error, column, entity, withoutKey);
      throw;
    }
  }
  BoundEntity(const BoundEntity&) = delete;
  BoundEntity& operator=(const BoundEntity&) = delete;
  std::span<const ValueView> values() const noexcept { return {values_.data(), count_}; }

 private:
  static void nameColumn(Error& error, std::size_t column, const Entity& entity, bool withoutKey) {
    try {
      const KeyOf<Entity> key = keyOf(entity);
      const BoundKey<Entity> bound(key);
      addColumnBound(error, kShape<Entity>, column, withoutKey ? std::span<const ValueView>() : bound.values());
    } catch (const Error&) {
      addColumnBound(error, kShape<Entity>, column, {});  // It is the key itself that cannot be bound.
    }
  }
  template <std::size_t... I>
  static auto buffers(std::index_sequence<I...>)
      -> std::tuple<typename ColumnType<typename S::template Member<I>>::Buffer...>;

  std::array<ValueView, S::kColumns> values_;
  std::size_t count_ = 0;
  decltype(buffers(std::make_index_sequence<S::kColumns>())) buffers_;
};

/// Whether SQLite is to find the key: it is an integer that is zero.
template <typename Entity>
bool keyIsToBeFound(const Entity& entity) {
  using S = Schema<Entity>;
  if constexpr (S::kHasRowIdKey)
    return entity.*(S::template column<S::kKey>().member) == 0;
  else
    return false;
}

/// What texts and blobs of an entity take on the heap, about.
template <typename Entity>
std::int64_t heapBytes(const Entity& entity) {
  std::int64_t bytes = 0;
  const BoundEntity<Entity> bound(entity);
  for (const ValueView& value : bound.values()) {
    if (value.type() == ValueType::Text) bytes += static_cast<std::int64_t>(value.text().size());
    if (value.type() == ValueType::Blob) bytes += static_cast<std::int64_t>(value.blob().size());
  }
  return bytes;
}

/// Not filled with NULL first: that takes as long as reading the row.
template <std::size_t N>
union RoomForRow {
  RoomForRow() noexcept {}
  ValueView values[N];
};

/// Reads a row that has all columns, in their order.
template <typename Entity>
void readEntity(const RowView& row, Entity& entity) {
  using S = Schema<Entity>;
  try {
    RoomForRow<S::kColumns> room;
    row.read(room.values);
    S::forEach([&]<std::size_t I>() {
      constexpr const auto& column = S::template column<I>();
      ColumnType<typename S::template Member<I>>::read(room.values[I], column.name, entity.*(column.member));
    });
  } catch (Error& error) {
    addRowRead(error, kShape<Entity>, row);
    throw;
  }
}

/// Which columns a query reads.
template <typename Entity>
using ColumnSet = std::array<bool, Schema<Entity>::kColumns>;

/// Reads a row that has the chosen columns only; the other members stay as they are.
template <typename Entity>
void readChosen(const RowView& row, const ColumnSet<Entity>& chosen, Entity& entity) {
  using S = Schema<Entity>;
  try {
    std::size_t at = 0;
    S::forEach([&]<std::size_t I>() {
      if (!chosen[I]) return;
      const auto& column = S::template column<I>();
      ColumnType<typename S::template Member<I>>::read(row.at(at++), column.name, entity.*(column.member));
    });
  } catch (Error& error) {
    addRowRead(error, kShape<Entity>, row);
    throw;
  }
}

}  // namespace holdfast::detail
