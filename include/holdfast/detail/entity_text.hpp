#pragma once

#include <cstddef>

#include <holdfast/detail/static_text.hpp>
#include <holdfast/mapping.hpp>

namespace holdfast::detail {

/// The statements that an entity's mapping fixes, put together by the compiler.
template <typename Entity>
struct EntityText {
  using S = Schema<Entity>;

  /// The names of the columns that `Chosen` takes, each as put(sink, name) writes it.
  template <typename Sink, typename Chosen, typename Put>
  static constexpr bool putList(Sink& sink, std::string_view separator, Chosen chosen, Put put) {
    bool first = true;
    S::forEach([&]<std::size_t I>() {
      if (!chosen.template operator()<I>()) return;
      if (!first) sink.put(separator);
      first = false;
      put(sink, S::template column<I>().name);
    });
    return !first;
  }
  static constexpr auto kAll = []<std::size_t I>() { return true; };
  static constexpr auto kKeys = []<std::size_t I>() { return S::template kIsKey<I>; };
  static constexpr auto kOthers = []<std::size_t I>() { return !S::template kIsKey<I>; };
  static constexpr auto kName = [](auto& sink, std::string_view name) { putIdentifier(sink, name); };
  static constexpr auto kNameAsExpression = [](auto& sink, std::string_view name) {
    sink.put('+');
    putIdentifier(sink, name);
    sink.put(" AS ");
    putIdentifier(sink, name);
  };
  static constexpr auto kNameIsValue = [](auto& sink, std::string_view name) {
    putIdentifier(sink, name);
    sink.put(" = ?");
  };
  static constexpr auto kNameIsNew = [](auto& sink, std::string_view name) {
    putIdentifier(sink, name);
    sink.put(" = excluded.");
    putIdentifier(sink, name);
  };
  static constexpr auto kValue = [](auto& sink, std::string_view /*name*/) { sink.put('?'); };

  template <typename Sink>
  static constexpr void putTable(Sink& sink) {
    putIdentifier(sink, S::table.name);
  }
  template <typename Sink>
  static constexpr void putByKey(Sink& sink) {
    sink.put(" WHERE ");
    putList(sink, " AND ", kKeys, kNameIsValue);
  }
  template <typename Sink, typename Chosen>
  static constexpr void putInsert(Sink& sink, Chosen chosen, std::size_t rows = 1) {
    sink.put("INSERT INTO ");
    putTable(sink);
    sink.put('(');
    putList(sink, ", ", chosen, kName);
    sink.put(") VALUES (");
    for (std::size_t row = 0; row < rows; ++row) {
      if (row > 0) sink.put("), (");
      putList(sink, ", ", chosen, kValue);
    }
    sink.put(')');
  }

  struct Columns {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      putList(sink, ", ", kAll, kName);
    }
  };
  struct SelectAll {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      sink.put("SELECT ");
      Columns::write(sink);
      sink.put(" FROM ");
      putTable(sink);
    }
  };
  struct FindByKey {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      SelectAll::write(sink);
      putByKey(sink);
    }
  };
  struct ByKey {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      putByKey(sink);
    }
  };
  /// SQLite 3.40's RETURNING gives a column the type of the first one where that is a number; an expression keeps its
  /// own.
  struct ByKeyReturning {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      putByKey(sink);
      sink.put(" RETURNING ");
      putList(sink, ", ", kAll, kNameAsExpression);
    }
  };
  struct Count {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      sink.put("SELECT count(*) FROM ");
      putTable(sink);
    }
  };
  struct Exists {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      sink.put("SELECT 1 FROM ");
      putTable(sink);
      putByKey(sink);
    }
  };
  template <std::size_t Rows>
  struct Insert {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      putInsert(sink, kAll, Rows);
    }
  };
  /// SQLite finds the keys. One row only where there are no other columns.
  template <std::size_t Rows>
  struct InsertWithoutKey {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      if constexpr (S::kColumns == S::kKeyColumns) {
        sink.put("INSERT INTO ");
        putTable(sink);
        sink.put(" DEFAULT VALUES");
      } else {
        putInsert(sink, kOthers, Rows);
      }
    }
  };
  template <std::size_t Rows = 1>
  static const Sql& insert(bool withoutKey) {
    return withoutKey ? StaticText<InsertWithoutKey<Rows>>::sql() : StaticText<Insert<Rows>>::sql();
  }
  struct Upsert {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      putInsert(sink, kAll);
      sink.put(" ON CONFLICT (");
      putList(sink, ", ", kKeys, kName);
      if constexpr (S::kColumns == S::kKeyColumns) {
        sink.put(") DO NOTHING");
      } else {
        sink.put(") DO UPDATE SET ");
        putList(sink, ", ", kOthers, kNameIsNew);
      }
    }
  };
  struct UpdateBegin {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      sink.put("UPDATE ");
      putTable(sink);
      sink.put(" SET ");
    }
  };
  struct RemoveBegin {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      sink.put("DELETE FROM ");
      putTable(sink);
    }
  };
  struct Remove {
    template <typename Sink>
    static constexpr void write(Sink& sink) {
      sink.put("DELETE FROM ");
      putTable(sink);
      putByKey(sink);
    }
  };
};

}  // namespace holdfast::detail
