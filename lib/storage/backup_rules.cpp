#include "storage/backup_rules.hpp"

#include <cctype>

#include <holdfast/backup.hpp>
#include <holdfast/error.hpp>

#include "core/text.hpp"

namespace holdfast {

std::chrono::milliseconds backupPause(std::chrono::milliseconds wanted, std::int64_t logBytes,
                                      std::int64_t logLimit) noexcept {
  return logBytes > logLimit / 4 ? std::chrono::milliseconds{0} : wanted;
}

std::string whyKeepBackup(const ContentFacts& there, const ContentFacts& fresh) {
  constexpr std::int64_t kNextToNothing = 4;
  if (there.applicationId != fresh.applicationId) {
    return "it is of another application (application_id " + std::to_string(there.applicationId) + ", here " +
           std::to_string(fresh.applicationId) + ")";
  }
  if (there.userVersion > fresh.userVersion) {
    return "its schema is newer (user_version " + std::to_string(there.userVersion) + ", here " +
           std::to_string(fresh.userVersion) + ")";
  }
  const std::int64_t thereBytes = there.usedPages() * there.pageBytes;
  const std::int64_t freshBytes = fresh.usedPages() * fresh.pageBytes;
  if (there.usedPages() >= kNextToNothing && thereBytes > 2 * freshBytes) {
    return "it holds " + formatBytes(thereBytes) + ", and the database only " + formatBytes(freshBytes);
  }
  return {};
}

std::string whyNoCopy(const ContentFacts& copy, const ContentFacts& source) {
  const auto differs = [](const char* what, std::int64_t is, std::int64_t wanted) {
    return std::string(what) + " is " + std::to_string(is) + " instead of " + std::to_string(wanted);
  };
  if (copy.pageBytes != source.pageBytes) return differs("page_size", copy.pageBytes, source.pageBytes);
  if (copy.pages != source.pages) return differs("page_count", copy.pages, source.pages);
  if (copy.freePages != source.freePages) return differs("freelist_count", copy.freePages, source.freePages);
  if (copy.applicationId != source.applicationId) {
    return differs("application_id", copy.applicationId, source.applicationId);
  }
  if (copy.userVersion != source.userVersion) return differs("user_version", copy.userVersion, source.userVersion);
  return {};
}

std::string generationName(const std::string& path, int generation) {
  return generation == 0 ? path : path + "." + std::to_string(generation);
}

std::string backupPathIn(std::string_view directory, std::string_view name) {
  constexpr std::size_t kLongest = 200;
  const auto isPlain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  bool good = !name.empty() && name.size() <= kLongest && isPlain(name.front());
  for (const char c : name) good = good && (isPlain(c) || c == '.' || c == '_' || c == '-');
  for (const std::string_view end : {"-wal", "-shm", "-journal", ".part", ".bad"}) good = good && !name.ends_with(end);
  if (!good || directory.empty()) {
    throw Error(
        ErrorCode::InvalidArgument,
        "no name for a backup: letters, digits, '.', '_' and '-', the first one a letter or a digit, at most 200, "
        "not ending in -wal, -shm, -journal, .part or .bad");
  }
  std::string path(directory);
  if (path.back() != '/') path += '/';
  return path.append(name);
}

}  // namespace holdfast
