#include "support/html_page.hpp"

namespace bench {

namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --back: #ffffff; --text: #1f2328; --dim: #59636e; --rule: #d1d9e0; --grid: #e6eaef;
  --band0: #f6f8fa; --band1: #ffffff; --good: #1a7f37; --bad: #cf222e; --goodback: #e8f6ec; --badback: #fdecec;
  --s0: #0969da; --s1: #bc4c00; --s2: #8250df; --s3: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --back: #0d1117; --text: #e6edf3; --dim: #9198a1; --rule: #3d444d;
  --grid: #262c36; --band0: #151b23; --band1: #0d1117; --good: #3fb950; --bad: #f85149; --goodback: #12261e;
  --badback: #2d1517; --s0: #58a6ff; --s1: #f0883e; --s2: #bc8cff; --s3: #3fb950; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1060px; padding: 24px; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 25px; margin: 0 0 12px; } h2 { font-size: 18px; margin: 32px 0 8px; }
p { margin: 6px 0; color: var(--dim); }
.banner { padding: 10px 14px; border-radius: 6px; font-weight: 600; border: 1px solid; margin: 12px 0; }
.banner.good { color: var(--good); background: var(--goodback); } .banner.bad { color: var(--bad); background: var(--badback); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 8px; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap;
  vertical-align: top; }
th { color: var(--dim); font-weight: 600; } th:first-child, td:first-child { text-align: left; }
table.text th:last-child, table.text td:last-child { text-align: left; white-space: normal; overflow-wrap: anywhere; }
table.text th, table.text td { text-align: left; }
tr.good td:first-child { color: var(--good); font-weight: 600; }
tr.bad td:first-child { color: var(--bad); font-weight: 600; }
.plot { display: block; width: 100%; height: auto; margin: 6px 0 14px; }
.plot text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--dim); }
.plot .plot-title { font-size: 14px; font-weight: 600; fill: var(--text); } .plot .plot-x { text-anchor: middle; }
.plot .plot-y { text-anchor: end; } .plot .plot-legend { fill: var(--text); }
.plot .plot-band-text { text-anchor: middle; font-size: 11px; }
.plot-axis { stroke: var(--dim); } .plot-grid { stroke: var(--grid); }
.plot-band0 { fill: var(--band0); } .plot-band1 { fill: var(--band1); }
.plot-line { fill: none; stroke-width: 1.5; stroke-linejoin: round; }
.plot-limit { stroke-width: 1.5; stroke-dasharray: 6 4; }
.s0 { stroke: var(--s0); } .s1 { stroke: var(--s1); } .s2 { stroke: var(--s2); } .s3 { stroke: var(--s3); }
)";

}  // namespace

std::string escapeHtml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

HtmlPage::HtmlPage(std::string_view title) : title_(escapeHtml(title)) { body_ = "<h1>" + title_ + "</h1>\n"; }

void HtmlPage::heading(std::string_view text) { body_ += "<h2>" + escapeHtml(text) + "</h2>\n"; }

void HtmlPage::paragraph(std::string_view text) { body_ += "<p>" + escapeHtml(text) + "</p>\n"; }

void HtmlPage::banner(std::string_view text, bool good) {
  body_ += std::string("<div class=\"banner ") + (good ? "good" : "bad") + "\">" + escapeHtml(text) + "</div>\n";
}

void HtmlPage::table(const std::vector<std::string>& headings, const std::vector<std::vector<std::string>>& rows,
                     const std::vector<std::string>& marks, bool wrapLast) {
  body_ += std::string("<div class=\"scroll\"><table") + (wrapLast ? " class=\"text\"" : "") + "><tr>";
  for (const std::string& heading : headings) body_ += "<th>" + escapeHtml(heading) + "</th>";
  body_ += "</tr>\n";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool marked = i < marks.size() && !marks[i].empty();
    body_ += marked ? "<tr class=\"" + escapeHtml(marks[i]) + "\">" : "<tr>";
    for (const std::string& cell : rows[i]) body_ += "<td>" + escapeHtml(cell) + "</td>";
    body_ += "</tr>\n";
  }
  body_ += "</table></div>\n";
}

std::string HtmlPage::text() const {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
         title_ + "</title>\n<style>" + std::string(kStyle) + "</style>\n</head>\n<body>\n" + body_ +
         "</body>\n</html>\n";
}

}  // namespace bench
