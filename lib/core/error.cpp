#include <holdfast/error.hpp>

#include <array>
#include <cstddef>
#include <new>
#include <utility>

namespace holdfast {
namespace {

struct CodeFacts {
  std::string_view text;  // Of a literal, so zero-terminated.
  Recovery recovery;
  ErrorCategory category;
};

/// In the order of ErrorCode.
///
/// NotADatabase asks to look at the path first: it is mostly a wrong file name, and a backup restored over somebody
/// else's file destroys that file.
constexpr std::array<CodeFacts, 26> kCodes{{
    {"busy", Recovery::RetryTransaction, ErrorCategory::Contention},
    {"timeout", Recovery::RetryLater, ErrorCategory::Contention},
    {"pool exhausted", Recovery::RetryLater, ErrorCategory::Resource},
    {"pool closed", Recovery::Reopen, ErrorCategory::Lifecycle},
    {"lease revoked", Recovery::RetryTransaction, ErrorCategory::Lifecycle},
    {"interrupted", Recovery::RetryTransaction, ErrorCategory::Lifecycle},
    {"constraint", Recovery::FixRequest, ErrorCategory::Request},
    {"invalid sql", Recovery::FixRequest, ErrorCategory::Request},
    {"invalid argument", Recovery::FixRequest, ErrorCategory::Request},
    {"invalid config", Recovery::FixRequest, ErrorCategory::Request},
    {"type mismatch", Recovery::FixRequest, ErrorCategory::Request},
    {"denied", Recovery::FixRequest, ErrorCategory::Request},
    {"misuse", Recovery::FixRequest, ErrorCategory::Request},
    {"transaction aborted", Recovery::RetryTransaction, ErrorCategory::Lifecycle},
    {"outcome unknown", Recovery::VerifyOutcome, ErrorCategory::Storage},
    {"memory limit", Recovery::FreeMemory, ErrorCategory::Resource},
    {"storage full", Recovery::FreeSpace, ErrorCategory::Resource},
    {"read only", Recovery::CheckStorage, ErrorCategory::Storage},
    {"cannot open", Recovery::CheckStorage, ErrorCategory::Storage},
    {"i/o error", Recovery::CheckStorage, ErrorCategory::Storage},
    {"not a database", Recovery::CheckStorage, ErrorCategory::Corruption},
    {"corrupt", Recovery::RestoreBackup, ErrorCategory::Corruption},
    {"forked process", Recovery::Reopen, ErrorCategory::Lifecycle},
    {"unsupported", Recovery::FixRequest, ErrorCategory::Request},
    {"schema version", Recovery::FixRequest, ErrorCategory::Request},
    {"internal", Recovery::Stop, ErrorCategory::Lifecycle},
}};
static_assert(kCodes.size() == static_cast<std::size_t>(ErrorCode::Internal) + 1);

constexpr std::array<std::string_view, 10> kRecoveries{
    "retry the transaction", "retry later",      "fix the request", "free memory", "free space",
    "check the storage",     "restore a backup", "verify outcome",  "reopen",      "stop",
};
static_assert(kRecoveries.size() == static_cast<std::size_t>(Recovery::Stop) + 1);

constexpr std::array<std::string_view, 6> kCategories{
    "contention", "resource", "storage", "corruption", "request", "lifecycle",
};
static_assert(kCategories.size() == static_cast<std::size_t>(ErrorCategory::Lifecycle) + 1);

constexpr const CodeFacts& factsOf(ErrorCode code) noexcept {
  const auto index = static_cast<std::size_t>(code);
  return index < kCodes.size() ? kCodes[index] : kCodes.back();
}

}  // namespace

std::string_view toText(ErrorCode code) noexcept { return factsOf(code).text; }

std::string_view toText(Recovery recovery) noexcept {
  const auto index = static_cast<std::size_t>(recovery);
  return index < kRecoveries.size() ? kRecoveries[index] : "unknown";
}

std::string_view toText(ErrorCategory category) noexcept {
  const auto index = static_cast<std::size_t>(category);
  return index < kCategories.size() ? kCategories[index] : "unknown";
}

Recovery recoveryOf(ErrorCode code) noexcept { return factsOf(code).recovery; }

ErrorCategory categoryOf(ErrorCode code) noexcept { return factsOf(code).category; }

struct Error::State {
  ErrorCode code = ErrorCode::Internal;
  int sqliteCode = 0;
  int systemErrno = 0;
  bool shared = false;  ///< Stands for every error of its code that no memory was left for; never changes.
  std::string reason;
  std::string frames;
  std::string context;
  std::string text;  ///< Of what(); empty where there was no memory to compose it.

  /// A state for an error that is thrown when memory has run out: the code alone survives, and takes no memory.
  static std::shared_ptr<State> withoutMemory(ErrorCode code) noexcept;
};

std::shared_ptr<Error::State> Error::State::withoutMemory(ErrorCode code) noexcept {
  static std::array<State, kCodes.size()> states = [] {
    std::array<State, kCodes.size()> made;
    for (std::size_t i = 0; i < made.size(); ++i) {
      made[i].code = static_cast<ErrorCode>(i);
      made[i].shared = true;
    }
    return made;
  }();
  const auto index = static_cast<std::size_t>(code);
  State& state = index < states.size() ? states[index] : states.back();
  return {std::shared_ptr<State>(), &state};  // Owns nothing, so allocates nothing.
}

Error::Error(ErrorCode code, std::string_view reason) : Error(code, reason, 0, 0) {}

Error::Error(ErrorCode code, std::string_view reason, int sqliteCode, int systemErrno) {
  try {
    state_ = std::make_shared<State>();
    state_->code = code;
    state_->sqliteCode = sqliteCode;
    state_->systemErrno = systemErrno;
    state_->reason = reason;
    compose();
  } catch (const std::bad_alloc&) {
    // Half a state is better than none: it has the codes already.
    if (!state_) state_ = State::withoutMemory(code);
  }
}

ErrorCode Error::code() const noexcept { return state_->code; }
Recovery Error::recovery() const noexcept { return recoveryOf(state_->code); }
ErrorCategory Error::category() const noexcept { return categoryOf(state_->code); }
int Error::sqliteCode() const noexcept { return state_->sqliteCode; }
int Error::systemErrno() const noexcept { return state_->systemErrno; }
const std::string& Error::reason() const noexcept { return state_->reason; }
const std::string& Error::frames() const noexcept { return state_->frames; }
const std::string& Error::context() const noexcept { return state_->context; }

const char* Error::what() const noexcept {
  return state_->text.empty() ? toText(state_->code).data() : state_->text.c_str();
}

Error& Error::addFrame(std::string_view frame) {
  if (state_->shared) return *this;
  try {
    std::string frames = state_->frames;
    if (!frames.empty()) frames += "; in ";
    frames += frame;
    state_->frames = std::move(frames);
    compose();
  } catch (const std::bad_alloc&) {
    // The error is worth more than the frame: it travels on with what it has.
  }
  return *this;
}

Error& Error::setContext(std::string_view context) {
  if (state_->shared || !state_->context.empty()) return *this;
  try {
    state_->context = context;
    compose();
  } catch (const std::bad_alloc&) {
    // As in addFrame().
  }
  return *this;
}

void Error::compose() {
  std::string text(toText(state_->code));
  for (const std::string* part : {&state_->reason, &state_->frames}) {
    if (!part->empty()) text.append(": ").append(*part);
  }
  if (!state_->context.empty()) text.append("; ").append(state_->context);
  state_->text = std::move(text);
}

}  // namespace holdfast
