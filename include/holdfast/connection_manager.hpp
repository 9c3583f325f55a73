#pragma once

#include <string>
#include <string_view>

#include <holdfast/connection_pool.hpp>

namespace holdfast {

/// The process's databases, by name: a ConnectionPool that lives as long as the process.
///
/// instance() exists because memory limits are process-wide and because applications want one place to ask. Whoever
/// prefers to pass things around makes a ConnectionPool.
class ConnectionManager final : public ConnectionPool {
 public:
  /// The default database. Any thread; the first call makes it, closed.
  static ConnectionManager& instance();
  /// A further database. The same name gives the same manager for as long as the process lives.
  static ConnectionManager& instance(std::string_view name);

  const std::string& name() const noexcept { return name_; }

 private:
  explicit ConnectionManager(std::string name);
  ~ConnectionManager() override = default;

  std::string name_;
};

}  // namespace holdfast
