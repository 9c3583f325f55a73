#include <holdfast/arena_options.hpp>

#include <bit>
#include <string>

#include "core/text.hpp"
#include "policy/config_fields.hpp"

namespace holdfast {

void ArenaOptions::validate() const {
  for (const auto& field : fieldsOf(*this)) checkField(field, *this, "");
  const auto given = static_cast<std::int64_t>(storage.size());
  if (bytes == 0 && given == 0) throwInvalid("", "bytes", "0", "a size, or storage");
  if (bytes == 0 && given < kArenaLeastBytes) {
    throwInvalid("", "storage", std::to_string(given), "at least " + formatBytes(kArenaLeastBytes));
  }
  if (given != 0 && bytes > given) throwInvalid("", "bytes", std::to_string(bytes), "at most the bytes of storage");
  if (!std::has_single_bit(static_cast<unsigned>(pageSize))) {
    throwInvalid("", "pageSize", std::to_string(pageSize), "a power of two from 512 to 65536");
  }
  const std::int64_t whole = bytes != 0 ? bytes : given;
  if (pageCacheBytes > whole / 4 * 3) {
    throwInvalid("", "pageCacheBytes", std::to_string(pageCacheBytes),
                 "at most three quarters of the block: statements need a heap");
  }
}

}  // namespace holdfast
