#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// The text as HTML that shows it, also within an attribute in quotes.
std::string escapeHtml(std::string_view text);

/// A page in one file: nothing is loaded from elsewhere and no script runs. Light or dark as the reader's system is.
class HtmlPage {
 public:
  explicit HtmlPage(std::string_view title);

  void heading(std::string_view text);
  void paragraph(std::string_view text);
  /// Good or bad news, set off from the rest.
  void banner(std::string_view text, bool good);
  /// The first column is set left, the others right; `marks` gives a row a class, "good" or "bad", where it is not
  /// empty. `wrapLast`: the last column is text.
  void table(const std::vector<std::string>& headings, const std::vector<std::vector<std::string>>& rows,
             const std::vector<std::string>& marks = {}, bool wrapLast = false);
  /// Markup that is right already, such as svgOf()'s.
  void raw(std::string_view markup) { body_ += markup; }

  std::string text() const;

 private:
  std::string title_;
  std::string body_;
};

}  // namespace bench
