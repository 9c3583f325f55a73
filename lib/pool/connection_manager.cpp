#include <holdfast/connection_manager.hpp>

#include <map>

#include "core/port/mutex.hpp"

namespace holdfast {

ConnectionManager::ConnectionManager(std::string name) : name_(std::move(name)) {}

ConnectionManager& ConnectionManager::instance() { return instance({}); }

ConnectionManager& ConnectionManager::instance(std::string_view name) {
  // Never destroyed: threads of the application may still use a database while static objects go.
  static port::Mutex& mutex = *new port::Mutex;
  static auto& managers = *new std::map<std::string, ConnectionManager*, std::less<>>;
  const port::LockGuard guard(mutex);
  const auto known = managers.find(name);
  if (known != managers.end()) return *known->second;
  auto* made = new ConnectionManager(std::string(name));
  managers.emplace(made->name_, made);
  return *made;
}

}  // namespace holdfast
