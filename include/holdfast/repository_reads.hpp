#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <holdfast/aggregate.hpp>
#include <holdfast/detail/bound_entity.hpp>
#include <holdfast/detail/entity_reads.hpp>
#include <holdfast/detail/key_set.hpp>
#include <holdfast/detail/repository_core.hpp>
#include <holdfast/entity_stream.hpp>
#include <holdfast/page.hpp>
#include <holdfast/query_options.hpp>
#include <holdfast/repository_finds.hpp>

namespace holdfast {

/// The reading half of BaseRepository, with RepositoryFinds. Any thread. Every call blocks for a handle and for
/// reading, until its timeout. Errors say the table, and the key of the row that was asked for or read: what SQLite
/// reports, and TypeMismatch where a stored value does not fit its member.
template <typename Entity>
class RepositoryReads : public RepositoryFinds<Entity> {
  using S = detail::Schema<Entity>;
  using Text = detail::EntityText<Entity>;
  using Finds = RepositoryFinds<Entity>;

 protected:
  using Finds::core_;
  using Finds::list;
  using Finds::read;
  using Finds::scopeOf;

 public:
  using Key = KeyOf<Entity>;

  /// Calls `visit(const Entity&)` for each, in constant memory; false from it ends the reading.
  template <typename F>
    requires std::invocable<F&, const Entity&>
  void forEach(const QueryOptions<Entity>& options, F&& visit) const {
    detail::refuseInclude(!options.include.empty());
    Entity entity{};
    const detail::EntityReader<Entity> reader(options.select, options.include);
    auto take = [&](const RowView& row) {
      reader.read(row, entity);
      return detail::visitEntity(visit, std::as_const(entity));
    };
    list(reader, options, detail::RowVisitor(take), [] { return std::span<Entity>(); });
  }
  /// The same as a range. The timeout bounds the whole reading, what is done between two rows included.
  EntityStream<Entity> stream(const QueryOptions<Entity>& options = {}) const {
    detail::refuseInclude(!options.include.empty());
    const detail::EntityReader<Entity> reader(options.select, options.include);
    const detail::QueryText query = detail::queryText(reader, options);
    return {core_.stream(query.sql(), query.values, scopeOf(options)), reader};
  }

  /// A piece of a list, found by the last key before it and not by counting rows: as fast at the end as at the
  /// beginning, and no row is seen twice or left out for others that are added or removed meanwhile.
  Page<Entity> page(const PageOptions<Entity>& options = {}) const {
    detail::requirePageSize(options.size);
    const detail::KeySet order = keySet(options.orderBy);
    Condition condition = options.where.condition();
    if (options.after) condition = std::move(condition) && order.after(*options.after);
    detail::QueryText query(detail::StaticText<typename Text::SelectAll>::text());
    query.where(condition);
    order.appendOrder(query.text);
    query.limit(static_cast<std::int64_t>(options.size) + 1, 0);
    Page<Entity> page;
    std::vector<Value> last;
    auto take = [&](const RowView& row) {
      if (page.items.size() == options.size) {
        page.next = order.token(last);
        return;
      }
      detail::readEntity(row, page.items.emplace_back());
      if (page.items.size() < options.size) return;
      for (const std::size_t column : order.columns()) last.emplace_back(row.at(column));
    };
    read(detail::Operation::List, query.sql(), query.values, detail::RowVisitor(take),
         {.timeout = options.timeout, .transaction = options.transaction}, options.include,
         [&page] { return std::span<Entity>(page.items); });
    return page;
  }
  /// For PageOptions::after: what comes after an entity, which need not be there any more.
  static std::string tokenAfter(const Entity& last, const std::optional<Ordering<Entity>>& orderBy = {}) {
    const detail::KeySet order = keySet(orderBy);
    const detail::BoundEntity<Entity> bound(last);
    std::vector<Value> place;
    for (const std::size_t column : order.columns()) place.emplace_back(bound.values()[column]);
    return order.token(place);
  }

  /// What is computed from the rows that fulfil `where`: `aggregate(maximum(&Reading::value))` is a
  /// std::optional<double>, `aggregate(std::tuple(minimum(...), average(...)))` a tuple of several, by one query. Of
  /// the options `where`, `transaction` and `timeout` count.
  template <detail::AggregateOf<Entity> Wanted>
  typename detail::AggregateTraits<Wanted>::Result aggregate(const Wanted& wanted,
                                                             const QueryOptions<Entity>& options = {}) const {
    typename detail::AggregateTraits<Wanted>::Result result{};
    auto take = [&](const RowView& row) { result = detail::readAggregates(row, wanted, 0); };
    detail::QueryText query("SELECT ");
    detail::appendAggregates(query.text, wanted, true);
    detail::appendGroup(query.text, " FROM ", S::table.name);
    query.where(options.where.condition());
    core_.read(detail::Operation::List, query.sql(), query.values, detail::RowVisitor(take), scopeOf(options));
    return result;
  }
  /// The same for the rows of each value of a member, in the order of the values. `limit` and `offset` count groups.
  template <typename Member, detail::AggregateOf<Entity> Wanted>
  auto aggregateBy(Member Entity::*member, const Wanted& wanted, const QueryOptions<Entity>& options = {}) const {
    using Result = typename detail::AggregateTraits<Wanted>::Result;
    std::vector<std::pair<Member, Result>> groups;
    const std::string_view column = detail::columnOf(member);
    auto take = [&](const RowView& row) {
      Member group{};
      ColumnType<Member>::read(row.at(0), column, group);
      groups.emplace_back(std::move(group), detail::readAggregates(row, wanted, 1));
    };
    detail::QueryText query("");
    detail::appendGroup(query.text, "SELECT ", column);
    detail::appendAggregates(query.text, wanted, false);
    detail::appendGroup(query.text, " FROM ", S::table.name);
    query.where(options.where.condition());
    detail::appendGroup(query.text, " GROUP BY ", column);
    detail::appendGroup(query.text, " ORDER BY ", column);
    query.limit(options.limit, options.offset);
    core_.read(detail::Operation::List, query.sql(), query.values, detail::RowVisitor(take), scopeOf(options));
    return groups;
  }

 protected:
  explicit RepositoryReads(detail::RepositoryCore core) : Finds(std::move(core)) {}
  ~RepositoryReads() = default;
  RepositoryReads(const RepositoryReads&) = default;
  RepositoryReads& operator=(const RepositoryReads&) = default;

 private:
  static detail::KeySet keySet(const std::optional<Ordering<Entity>>& orderBy) {
    if (!orderBy) return {detail::kShape<Entity>, {}, false, Order::Ascending};
    bool isNullable = false;
    S::forEach([&]<std::size_t I>() {
      const auto& column = S::template column<I>();
      if (column.name == orderBy->column) isNullable = !column.rules.notNull && !column.rules.primaryKey;
    });
    return {detail::kShape<Entity>, orderBy->column, isNullable, orderBy->order};
  }
};

}  // namespace holdfast
