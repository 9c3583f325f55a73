#include <holdfast/connection_config.hpp>

#include <array>

#include <holdfast/units.hpp>

#include "core/enum_text.hpp"
#include "policy/config_fields.hpp"
#include "policy/quantity.hpp"

namespace holdfast {
namespace {

void checkDatabase(const std::string& database) {
  if (database.empty() || database.find('\0') != std::string::npos) {
    throwInvalid("", "database", quotedConfigText(database), "the path of a file");
  }
  if (database == ":memory:") {
    throwInvalid("", "database", quotedConfigText(database),
                 "the path of a file; each handle would see a memory database of its own, so put the file on a memory "
                 "file system where it need not last");
  }
}

}  // namespace

std::string_view toText(Durability durability) noexcept {
  return textOf(durability, std::array<std::string_view, 3>{"full", "normal", "off"});
}

std::string_view toText(TempStore store) noexcept {
  return textOf(store, std::array<std::string_view, 2>{"file", "memory"});
}

std::string_view toText(HousekeepingMode mode) noexcept {
  return textOf(mode, std::array<std::string_view, 2>{"thread", "manual"});
}

std::string_view toText(OpenCheck check) noexcept {
  return textOf(check, std::array<std::string_view, 3>{"afterCrash", "always", "never"});
}

void ConnectionConfig::validate() const {
  checkDatabase(database);
  for (const auto& field : fieldsOf(*this)) checkField(field, *this, "");
  for (const auto& field : fieldsOf(retry)) checkField(field, retry, "retry.");
  for (const auto& field : fieldsOf(backup)) checkField(field, backup, "backup.");
  if (minPoolSize > poolSize) {
    throwInvalid("", "minPoolSize", std::to_string(minPoolSize),
                 "at most poolSize, which is " + std::to_string(poolSize));
  }
  if (!kHasThreads && housekeeping == HousekeepingMode::Thread) {
    throwInvalid("", "housekeeping", quotedConfigText(toText(housekeeping)),
                 "manual, as the library was built without threads: call tick() now and then");
  }
  if (!kHasThreads && readAnchor) {
    throwInvalid("", "readAnchor", "true", "false, as there is no write-ahead log without threads");
  }
  constexpr std::int64_t kPage = 4 * KiB;
  if (walSizeLimit != 0 && walSizeLimit < 2 * kPage * checkpointPages) {
    throwInvalid("", "walSizeLimit", std::to_string(walSizeLimit),
                 "0, or at least twice what checkpointPages is: " + std::to_string(2 * kPage * checkpointPages));
  }
  if (forceCleanupAfter.count() != 0 && forceCleanupAfter < leakThreshold) {
    throwInvalid("", "forceCleanupAfter", quotedConfigText(writeDuration(forceCleanupAfter)),
                 "0ms, or at least leakThreshold, which is " + writeDuration(leakThreshold));
  }
}

}  // namespace holdfast
