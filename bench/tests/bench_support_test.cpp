#include <doctest/doctest.h>

#include <unistd.h>

#include <csignal>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/axis.hpp"
#include "support/fork_server.hpp"
#include "support/html_page.hpp"
#include "support/robust_trend.hpp"
#include "support/svg_plot.hpp"

namespace {

using bench::ForkOutcome;
using bench::ForkServer;
using bench::Quantity;
using std::chrono::milliseconds;
using std::chrono::seconds;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string work(std::string_view request) {
  if (request == "crash") std::raise(SIGKILL);
  if (request == "leave") _exit(3);
  if (request == "throw") throw std::runtime_error("no such work");
  if (request == "hang") pause();
  return "did " + std::string(request);
}

TEST_SUITE("bench/support") {
  TEST_CASE("a trend is not moved by a few wild samples") {
    std::vector<double> time;
    std::vector<double> values;
    for (int i = 0; i < 300; ++i) {
      time.push_back(i);
      values.push_back(i % 10 == 0 ? 1e6 : 100 + 2.0 * i);
    }
    const bench::Trend trend = bench::fitRobustTrend(time, values);
    CHECK(trend.slope == doctest::Approx(2).epsilon(0.01));
    CHECK(trend.slopeLow > 1.5);
    CHECK(trend.slopeHigh < 2.5);
  }

  TEST_CASE("noise around a level has no trend") {
    std::vector<double> time;
    std::vector<double> values;
    for (int i = 0; i < 500; ++i) {
      time.push_back(i);
      values.push_back(1000 + (i * 7919) % 101);
    }
    const bench::Trend trend = bench::fitRobustTrend(time, values);
    CHECK(trend.slopeLow <= 0);
    CHECK(trend.slopeHigh >= 0);
    CHECK(trend.level == doctest::Approx(1050).epsilon(0.01));
  }

  TEST_CASE("two samples have no slope") {
    const std::vector<double> two{1, 2};
    CHECK(bench::fitRobustTrend(two, two).slope == 0);
    CHECK(bench::fitRobustTrend({}, {}).samples == 0);
  }

  TEST_CASE("an axis of bytes steps by powers of two") {
    const bench::Axis axis = bench::makeAxis(Quantity::Bytes, 0, 4.0 * 1024 * 1024);
    CHECK(axis.ticks.front().text == "0 B");
    CHECK(axis.ticks.back().text == "4 MiB");
    CHECK(axis.position(2.0 * 1024 * 1024) == doctest::Approx(0.5));
    CHECK(axis.position(-1) == 0);
  }

  TEST_CASE("an axis of rates is logarithmic and ends at powers of ten") {
    const bench::Axis axis = bench::makeAxis(Quantity::Rate, 30, 52'000);
    CHECK(axis.low == doctest::Approx(10));
    CHECK(axis.high == doctest::Approx(1e5));
    CHECK(axis.position(1000) == doctest::Approx(0.5));
    CHECK(axis.ticks.back().text == "100 k");
  }

  TEST_CASE("a long time is written in minutes and hours") {
    CHECK(contains(bench::makeAxis(Quantity::Seconds, 0, 1800).ticks.back().text, "min"));
    CHECK(contains(bench::makeAxis(Quantity::Seconds, 0, 40'000).ticks.back().text, " h"));
    CHECK(contains(bench::makeAxis(Quantity::Count, 0, 40).ticks.back().text, "40"));
  }

  TEST_CASE("a plot escapes its texts and breaks a line where there is no number") {
    bench::Plot plot;
    plot.title = "a < b & \"c\"";
    plot.series = {{"it's", {0, 1, 2, 3, 4}, {1, 2, std::numeric_limits<double>::quiet_NaN(), 2, 1}},
                   {"limit", {}, {3}, false, true}};
    plot.bands = {{0, 4, "1", "<script>"}};
    const std::string svg = bench::svgOf(plot);
    CHECK(contains(svg, "a &lt; b &amp; &quot;c&quot;"));
    CHECK(contains(svg, "it&#39;s"));
    CHECK(contains(svg, "&lt;script&gt;"));
    CHECK_FALSE(contains(svg, "<script"));
    CHECK_FALSE(contains(svg, "nan"));
    const std::size_t first = svg.find("<polyline");
    CHECK(svg.find("<polyline", first + 1) != std::string::npos);
  }

  TEST_CASE("a page is one file that loads nothing") {
    bench::HtmlPage page("<title>");
    page.heading("a heading");
    page.paragraph("1 < 2");
    page.banner("bad & broken", false);
    page.table({"what", "seen"}, {{"a<b", "c"}}, {"bad"}, true);
    const std::string text = page.text();
    CHECK(contains(text, "<title>&lt;title&gt;</title>"));
    CHECK(contains(text, "1 &lt; 2"));
    CHECK(contains(text, "<tr class=\"bad\"><td>a&lt;b</td>"));
    CHECK_FALSE(contains(text, "http"));
    CHECK_FALSE(contains(text, "<script"));
  }

  TEST_CASE("work in a process of its own gives its answer or says how it ended") {
    ForkServer server(work);
    const ForkOutcome done = server.run("this", seconds{30});
    CHECK(done.completed);
    CHECK(done.answer == "did this");
    CHECK(contains(server.run("crash", seconds{30}).failure, "signal 9"));
    CHECK(contains(server.run("leave", seconds{30}).failure, "exit code 3"));
    CHECK(server.run("throw", seconds{30}).failure == "no such work");
    CHECK(contains(server.run("hang", milliseconds{50}).failure, "no answer"));
    CHECK(server.run("that", seconds{30}).answer == "did that");
  }
}

}  // namespace
