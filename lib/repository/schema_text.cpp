#include "repository/schema_text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include <holdfast/table_schema.hpp>

#include "core/characters.hpp"

namespace holdfast {
namespace {

enum class TokenKind { Word, Name, Literal, Sign };

struct Token {
  TokenKind kind = TokenKind::Sign;
  std::string text;  // Of a name without its quotes.
  std::size_t begin = 0;
  std::size_t end = 0;
};

bool isSpace(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Where a comment that begins at `at` ends; `at` itself where there is none.
std::size_t afterComment(std::string_view sql, std::size_t at) {
  const std::string_view rest = sql.substr(at);
  const std::string_view end = rest.starts_with("--") ? "\n" : rest.starts_with("/*") ? "*/" : "";
  if (end.empty()) return at;
  const auto found = sql.find(end, at + 2);
  return found == std::string_view::npos ? sql.size() : found + end.size();
}

/// What stands between quotes, which are doubled where they are meant; `at` moves behind it.
std::string quotedText(std::string_view sql, std::size_t& at, char close) {
  std::string text;
  for (++at; at < sql.size(); ++at) {
    if (sql[at] != close) {
      text += sql[at];
    } else if (close != ']' && at + 1 < sql.size() && sql[at + 1] == close) {
      text += sql[++at];
    } else {
      break;
    }
  }
  at = std::min(at + 1, sql.size());
  return text;
}

std::vector<Token> tokensOf(std::string_view sql) {
  std::vector<Token> tokens;
  for (std::size_t at = 0; at < sql.size();) {
    if (isSpace(sql[at])) {
      ++at;
      continue;
    }
    if (const std::size_t after = afterComment(sql, at); after != at) {
      at = after;
      continue;
    }
    Token token;
    token.begin = at;
    const char c = sql[at];
    if (c == '"' || c == '`' || c == '[') {
      token.kind = TokenKind::Name;
      token.text = quotedText(sql, at, c == '[' ? ']' : c);
    } else if (c == '\'') {
      token.kind = TokenKind::Literal;
      static_cast<void>(quotedText(sql, at, c));
      token.text = sql.substr(token.begin, at - token.begin);
    } else if (isWord(c)) {
      token.kind = TokenKind::Word;
      while (at < sql.size() && (isWord(sql[at]) || (sql[at] == '.' && c >= '0' && c <= '9'))) ++at;
      token.text = sql.substr(token.begin, at - token.begin);
    } else {
      token.text = sql.substr(at++, 1);
    }
    token.end = at;
    tokens.push_back(std::move(token));
  }
  return tokens;
}

bool isSign(const Token& token, char sign) { return token.kind == TokenKind::Sign && token.text[0] == sign; }

bool isKeyword(const Token& token, std::string_view word) {
  return token.kind == TokenKind::Word && detail::sameName(token.text, word);
}

bool beginsConstraint(const Token& token) {
  static constexpr std::array<std::string_view, 5> kWords{"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"};
  return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) { return isKeyword(token, word); });
}

/// The position of the parenthesis that closes the one at `open`; the end where none does.
std::size_t closing(const std::vector<Token>& tokens, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < tokens.size(); ++i) {
    if (isSign(tokens[i], '(')) ++depth;
    if (isSign(tokens[i], ')') && --depth == 0) return i;
  }
  return tokens.size();
}

}  // namespace

std::vector<CheckText> checksOf(std::string_view createTable) {
  const std::vector<Token> tokens = tokensOf(createTable);
  std::vector<CheckText> checks;
  const auto open = std::find_if(tokens.begin(), tokens.end(), [](const Token& token) { return isSign(token, '('); });
  const auto begin = static_cast<std::size_t>(open - tokens.begin());
  const std::size_t end = closing(tokens, begin);
  std::string column;
  bool first = true;
  for (std::size_t i = begin + 1; i < end; ++i) {
    if (first) column = beginsConstraint(tokens[i]) ? std::string() : tokens[i].text;
    first = isSign(tokens[i], ',');
    const bool isCheck = isKeyword(tokens[i], "CHECK") && i + 1 < end && isSign(tokens[i + 1], '(');
    if (!isCheck && !isSign(tokens[i], '(')) continue;
    const std::size_t from = isCheck ? i + 1 : i;
    const std::size_t to = closing(tokens, from);
    if (to >= end) break;
    if (isCheck && to > from + 1) {
      checks.push_back({column, std::string(createTable.substr(tokens[from + 1].begin,
                                                               tokens[to - 1].end - tokens[from + 1].begin))});
    }
    i = to;
  }
  return checks;
}

std::string normalExpression(std::string_view expression) {
  std::vector<Token> tokens = tokensOf(expression);
  while (tokens.size() > 2 && isSign(tokens.front(), '(') && closing(tokens, 0) == tokens.size() - 1) {
    tokens.pop_back();
    tokens.erase(tokens.begin());
  }
  std::string text;
  for (const Token& token : tokens) {
    if (!text.empty()) text += ' ';
    for (const char c : token.text) {
      const bool isUpper = token.kind != TokenKind::Literal && c >= 'A' && c <= 'Z';
      text += isUpper ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return text;
}

}  // namespace holdfast
