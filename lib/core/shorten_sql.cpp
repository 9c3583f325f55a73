#include "core/characters.hpp"
#include "core/text.hpp"

namespace holdfast {
namespace {

constexpr bool isBlank(char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; }

/// Reads a statement token by token, by SQLite's own rules, as far as is needed for `limit` bytes.
class Shortener {
 public:
  Shortener(std::string_view sql, std::size_t limit) : sql_(sql), limit_(limit) {}

  std::string run() {
    while (at_ < sql_.size() && line_.size() <= limit_) token();
    return shorten(line_, limit_);
  }

 private:
  void token() {
    const char c = sql_[at_];
    if (isBlank(c)) {
      skip(at_ + 1);
    } else if (startsWith("--")) {
      skip(after("\n", 2));
    } else if (startsWith("/*")) {
      skip(after("*/", 2));
    } else if (c == '\'') {
      literal(quotedEnd('\'', at_));
    } else if ((c == 'x' || c == 'X') && peek(1) == '\'') {
      literal(quotedEnd('\'', at_ + 1));
    } else if (isDigit(c) || (c == '.' && isDigit(peek(1)))) {
      literal(numberEnd());
    } else if (c == '"' || c == '`') {
      copy(quotedEnd(c, at_));
    } else if (c == '[') {
      copy(after("]", 1));
    } else {
      copy(wordEnd());
    }
  }

  bool startsWith(std::string_view text) const { return sql_.substr(at_).starts_with(text); }
  char peek(std::size_t ahead) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }

  /// Behind the next `text`, searched `offset` from here; the end of the statement where there is none.
  std::size_t after(std::string_view text, std::size_t offset) const {
    const std::size_t found = sql_.find(text, at_ + offset);
    return found == std::string_view::npos ? sql_.size() : found + text.size();
  }

  /// Behind the closing quote of what opens at `open`; a doubled quote belongs to the content.
  std::size_t quotedEnd(char quote, std::size_t open) const {
    std::size_t end = open + 1;
    while (end < sql_.size()) {
      if (sql_[end++] != quote) continue;
      if (end == sql_.size() || sql_[end] != quote) break;
      ++end;
    }
    return end;
  }

  std::size_t numberEnd() const {
    std::size_t end = at_;
    while (end < sql_.size()) {
      const bool exponent = end > at_ && (sql_[end - 1] == 'e' || sql_[end - 1] == 'E');
      const bool sign = exponent && (sql_[end] == '+' || sql_[end] == '-');
      if (!isWord(sql_[end]) && sql_[end] != '.' && !sign) break;
      ++end;
    }
    return end;
  }

  /// A name, a keyword or a parameter such as ?1 and :name; otherwise one character.
  std::size_t wordEnd() const {
    std::size_t end = at_ + 1;
    if (!isWord(sql_[at_]) && std::string_view("?:@#").find(sql_[at_]) == std::string_view::npos) return end;
    while (end < sql_.size() && isWord(sql_[end])) ++end;
    return end;
  }

  void skip(std::size_t end) {
    space_ = true;
    at_ = end;
  }
  void literal(std::size_t end) {
    separate();
    line_ += '?';
    at_ = end;
  }
  void copy(std::size_t end) {
    separate();
    for (; at_ < end && line_.size() <= limit_; ++at_) line_ += isBlank(sql_[at_]) ? ' ' : sql_[at_];
    at_ = end;
  }
  void separate() {
    if (space_ && !line_.empty()) line_ += ' ';
    space_ = false;
  }

  std::string_view sql_;
  std::size_t limit_;
  std::size_t at_ = 0;
  std::string line_;
  bool space_ = false;
};

}  // namespace

std::string shortenSql(std::string_view sql, std::size_t limit) { return Shortener(sql, limit).run(); }

}  // namespace holdfast
