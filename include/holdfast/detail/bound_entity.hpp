#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include <holdfast/mapping.hpp>
#include <holdfast/statement_executor.hpp>

namespace holdfast::detail {

/// The values of an entity's columns, ready to be bound, with what they need until the statement has run.
template <typename Entity>
class BoundEntity {
  using S = Schema<Entity>;

 public:
  /// With `withoutKey` the one of the key is left out.
  explicit BoundEntity(const Entity& entity, bool withoutKey = false) { bind(entity, withoutKey); }
  BoundEntity(const BoundEntity&) = delete;
  BoundEntity& operator=(const BoundEntity&) = delete;
  std::span<const ValueView> values() const noexcept { return {values_.data(), count_}; }
  void bind(const Entity& entity, bool withoutKey = false) {
    count_ = 0;
    S::forEach([&]<std::size_t I>() {
      if (S::template kIsKey<I> && withoutKey) return;
      const auto& column = S::template column<I>();
      values_[count_++] =
          ColumnType<typename S::template Member<I>>::bind(entity.*(column.member), std::get<I>(buffers_));
    });
  }

 private:
  template <std::size_t... I>
  static auto buffers(std::index_sequence<I...>)
      -> std::tuple<typename ColumnType<typename S::template Member<I>>::Buffer...>;

  std::array<ValueView, S::kColumns> values_;
  std::size_t count_ = 0;
  decltype(buffers(std::make_index_sequence<S::kColumns>())) buffers_;
};

/// The same for a key.
template <typename Entity>
class BoundKey {
  using S = Schema<Entity>;

 public:
  explicit BoundKey(const KeyOf<Entity>& key) {
    if constexpr (S::kKeyColumns == 1) {
      values_[0] = ColumnType<KeyOf<Entity>>::bind(key, std::get<0>(buffers_));
    } else {
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((values_[I] =
              ColumnType<std::tuple_element_t<I, KeyOf<Entity>>>::bind(std::get<I>(key), std::get<I>(buffers_))),
         ...);
      }(std::make_index_sequence<S::kKeyColumns>());
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

template <typename Entity>
void readEntity(const RowView& row, Entity& entity) {
  using S = Schema<Entity>;
  S::forEach([&]<std::size_t I>() {
    const auto& column = S::template column<I>();
    ColumnType<typename S::template Member<I>>::read(row.at(I), column.name, entity.*(column.member));
  });
}

}  // namespace holdfast::detail
