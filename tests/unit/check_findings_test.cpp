#include "storage/check_findings.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

using namespace holdfast;

namespace {

VerifyResult look(const std::vector<std::string>& rows, std::optional<ErrorCode> code = {}) {
  return judgeLook(rows, code ? std::optional<Error>(Error(*code, "")) : std::nullopt);
}

std::optional<VerifyResult> after(std::initializer_list<VerifyResult> looks) {
  return conclude(std::vector<VerifyResult>(looks));
}

}  // namespace

TEST_SUITE("storage/check_findings") {
  TEST_CASE("rows about reading are read errors and not damage") {
    CHECK(classify("ok") == CheckFinding::Ok);
    CHECK(classify("*** in database main ***\nTree 4 page 7: unable to get the page. error code=266") ==
          CheckFinding::ReadError);
    CHECK(classify("Page 9: unable to get the page. error code=7") == CheckFinding::ReadError);
    CHECK(classify("Page 9: unable to get the page. error code=11") == CheckFinding::Structure);
    CHECK(classify("Page 9: unable to get the page. error code=") == CheckFinding::Structure);
    CHECK(classify("Page 9: unable to get the page. error code=8202") == CheckFinding::Structure);  // A checksum.
    CHECK(classify("Freelist: failed to get page 12") == CheckFinding::ReadError);
    CHECK(classify("Failed to read ptrmap key=5") == CheckFinding::ReadError);
  }

  TEST_CASE("what a page without its right checksum kept from being read is damage") {
    std::vector<std::string> rows{"Freelist: failed to get page 12", "Page 5: never used"};
    noteChecksumFault(rows, "");
    CHECK(judgeLook(rows, {}) == VerifyResult::Unreadable);
    noteChecksumFault(rows, "page 12 does not match its checksum");
    CHECK(rows == std::vector<std::string>{"Page 5: never used", "page 12 does not match its checksum"});
    CHECK(judgeLook(rows, {}) == VerifyResult::Damaged);
  }

  TEST_CASE("an error for a row has the code of what stood in the way") {
    CHECK(codeOfFinding("Page 9: unable to get the page. error code=7") == ErrorCode::MemoryLimit);
    CHECK(codeOfFinding("Page 9: unable to get the page. error code=266") == ErrorCode::IoError);
    CHECK(codeOfFinding("Freelist: failed to get page 12") == ErrorCode::IoError);
    CHECK(codeOfFinding("Page 9: unable to get the page. error code=11") == ErrorCode::Corrupt);
    CHECK(codeOfFinding("row 17 missing from index item_name") == ErrorCode::Corrupt);
  }

  TEST_CASE("rows about indexes and about rules of rows are told from damaged structure") {
    CHECK(classify("row 17 missing from index item_name") == CheckFinding::Index);
    CHECK(classify("wrong # of entries in index item_name") == CheckFinding::Index);
    CHECK(classify("non-unique entry in index item_name") == CheckFinding::Index);
    CHECK(classify("NULL value in item.name") == CheckFinding::Rule);
    CHECK(classify("CHECK constraint failed in item") == CheckFinding::Rule);
    CHECK(classify("non-INTEGER value in item.id") == CheckFinding::Rule);
    CHECK(classify("Tree 2 page 3 cell 1: Rowid 7 out of order") == CheckFinding::Structure);
    CHECK(classify("Page 5: never used") == CheckFinding::Structure);
    CHECK(classify("something that SQLite says one day") == CheckFinding::Structure);
  }

  TEST_CASE("a look is as bad as its worst row, and unreadable with a single read error") {
    CHECK(look({}) == VerifyResult::Sound);
    CHECK(look({"ok"}) == VerifyResult::Sound);
    CHECK(look({"NULL value in a.b"}) == VerifyResult::RowsInvalid);
    CHECK(look({"row 1 missing from index i", "NULL value in a.b"}) == VerifyResult::IndexesDamaged);
    CHECK(look({"NULL value in a.b", "row 1 missing from index i"}) == VerifyResult::IndexesDamaged);
    CHECK(look({"Page 5: never used", "row 1 missing from index i"}) == VerifyResult::Damaged);
    CHECK(look({"Page 5: never used", "failed to get page 12"}) == VerifyResult::Unreadable);
  }

  TEST_CASE("what a check ended with counts like its rows") {
    CHECK(look({}, ErrorCode::Corrupt) == VerifyResult::Damaged);
    CHECK(look({}, ErrorCode::NotADatabase) == VerifyResult::Damaged);
    CHECK(look({}, ErrorCode::IoError) == VerifyResult::Unreadable);
    CHECK(look({}, ErrorCode::CannotOpen) == VerifyResult::Unreadable);
    for (const ErrorCode code : {ErrorCode::Timeout, ErrorCode::Interrupted, ErrorCode::LeaseRevoked, ErrorCode::Busy,
                                 ErrorCode::MemoryLimit, ErrorCode::PoolClosed}) {
      CHECK(look({}, code) == VerifyResult::Unfinished);
    }
  }

  TEST_CASE("damage and unreadable files are believed when seen twice, soundness at once") {
    using R = VerifyResult;
    CHECK(after({R::Sound}) == R::Sound);
    CHECK(after({R::RowsInvalid}) == R::RowsInvalid);
    CHECK(after({R::Unfinished}) == R::Unfinished);
    CHECK_FALSE(after({R::Damaged}).has_value());
    CHECK_FALSE(after({R::IndexesDamaged}).has_value());
    CHECK_FALSE(after({R::Unreadable}).has_value());
    CHECK(after({R::Damaged, R::Sound}) == R::Sound);
    CHECK(after({R::Damaged, R::Damaged}) == R::Damaged);
    CHECK(after({R::Damaged, R::IndexesDamaged}) == R::Damaged);
    CHECK(after({R::IndexesDamaged, R::IndexesDamaged}) == R::IndexesDamaged);
    CHECK(after({R::Unreadable, R::Unreadable}) == R::Unreadable);
    CHECK_FALSE(after({R::Damaged, R::Unreadable}).has_value());
    CHECK(after({R::Damaged, R::Unreadable, R::Damaged}) == R::Damaged);
    CHECK(after({R::Damaged, R::Unreadable, R::Unreadable}) == R::Unreadable);
    CHECK(after({R::Damaged, R::Unreadable, R::Sound}) == R::Sound);
  }

  TEST_CASE("results and depths have names") {
    CHECK(toText(VerifyDepth::Quick) == "quick");
    CHECK(toText(VerifyDepth::Full) == "full");
    CHECK(toText(VerifyResult::Sound) == "sound");
    CHECK(toText(VerifyResult::Unfinished) == "unfinished");
    CHECK(toText(static_cast<VerifyResult>(99)) == "unknown");
  }
}
