#include "connection/kept_view.hpp"

namespace holdfast {

std::int64_t KeptView::take(sqlite3* handle) noexcept {
  drop();
  if (dataVersion_ == nullptr) {
    sqlite3_prepare_v3(handle, "PRAGMA data_version", -1, SQLITE_PREPARE_PERSISTENT, &dataVersion_, nullptr);
  }
  if (dataVersion_ == nullptr) return 0;
  kept_ = true;
  const std::int64_t version = sqlite3_step(dataVersion_) == SQLITE_ROW ? sqlite3_column_int64(dataVersion_, 0) : 0;
  if (version == 0) drop();
  return version;
}

int KeptView::takeBack(bool schemaMayHaveChanged) noexcept {
  if (!std::exchange(lent_, false) || schemaMayHaveChanged) return SQLITE_OK;
  kept_ = true;
  const int code = sqlite3_step(dataVersion_);
  if (code != SQLITE_ROW) drop();
  return code;
}

}  // namespace holdfast
