// A line that JsonLines takes is the row the tree would have made of it; what it does not take
// leaves nothing behind.
#include "json_lines.h"

#include "qd/base/random.h"
#include "qd/codec/json.h"
#include "qd/columns/text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace qd::telemetry {
namespace {

using columns::DataType;

columns::Schema schema() {
    return {{{"TimeGenerated", DataType::DateTime},
             {"Name", DataType::String},
             {"Count", DataType::Long},
             {"Small", DataType::Int},
             {"Ratio", DataType::Real},
             {"Ok", DataType::Bool},
             {"Took", DataType::TimeSpan},
             {"Key", DataType::Guid},
             {"Price", DataType::Decimal},
             {"Bag", DataType::Dynamic}}};
}

const JsonRowRules kRules{.arrival = Timestamp{637134336000000000},
                          .limit_time = false,
                          .text_bytes_max = 0,
                          .fold_case = true};

std::vector<std::string> cells(const columns::Table& table, std::uint32_t row) {
    std::vector<std::string> out;
    for (const columns::Field& field : schema().fields) {
        const auto at = table.schema.index_of(field.name);
        std::string text = "(none)";
        if (at) {
            const columns::Column& column = *table.chunks[0].columns[*at];
            text = column.is_null(row) ? "(none)" : "";
            columns::append_text(text, column, row);
            text = text.empty() ? "(none)" : text;
        }
        out.push_back(field.name + "=" + text);
    }
    return out;
}

/// One line both ways; true when JsonLines took it.
bool compare(const std::string& line) {
    RowBuilder quick("T", schema());
    RowBuilder exact("T", schema());
    JsonLines lines(quick, kRules);
    std::string padded = line + std::string(JsonLines::kPadding, ' ');
    const bool taken =
        lines.add(std::string_view(padded).substr(0, line.size())) == JsonLines::Outcome::Added;
    if (!taken) {
        EXPECT_EQ(quick.rows(), 0U) << line;
        return false;
    }
    const auto tree = codec::parse_json(line);
    std::string why;
    EXPECT_TRUE(tree.ok()) << line;
    EXPECT_TRUE(tree.ok() && add_json_row(exact, tree.value(), kRules, why)) << line << why;
    EXPECT_EQ(cells(quick.finish(), 0), cells(exact.finish(), 0)) << line;
    return true;
}

TEST(JsonLines, TakesOrdinaryLines) {
    const char* lines[] = {
        R"({"TimeGenerated":"2025-11-14T01:02:03.4567891Z","Name":"x","Count":5,"Ratio":0.25})",
        R"({"Name":"a \"quoted\" \u00e9 text","Ok":true,"Bag":{"a":[1,2,{"b":null}]}})",
        R"({"Bag":["x", "y"],"Small":7,"Key":"0e984725-c51c-4bf4-9960-e1c80e27aba0"})",
        R"({"Took":"01:02:03","Price":12.5,"Ratio":3,"name":"folded","Unknown":{"a":1},"Other":2.5})",
        R"({"Name":"","Count":"","Bag":null,"Ok":null})",
        R"({"Bag":"user signed in"})",
        R"({"Bag":"  "})",
        R"({"Bag":"12"})",
        R"({"Bag":""})",
        R"({"Bag":"{\"a\":[1,\"x\"]}"})",
        R"({"Bag":"[1,2"})",
        R"({"Bag":" {\"a\":1}"})",
        R"({})",
        R"( { "Name" : "spaces" , "Count" : -12 } )"};
    for (const char* line : lines) {
        EXPECT_TRUE(compare(line)) << line;
    }
}

TEST(JsonLines, LeavesTheRestToTheTree) {
    const char* lines[] = {R"({"Name":"x","Name":"y"})",
                           R"({"Name":"x","name":"y"})",
                           R"({"Name":5})",
                           R"({"Count":"text"})",
                           R"({"Count":99999999999999999999})",
                           R"({"Ratio":1e400})",
                           R"({"Name":"x"} trailing)",
                           R"({"Name":"x"}{"Name":"y"})",
                           R"({"Name":"x")",
                           R"({"Name":"x",})",
                           R"({"Name":"\ud800"})",
                           R"({"Unknown":tru})",
                           R"({"Unknown":{"a":}})",
                           R"([{"Name":"x"}])",
                           R"("text")",
                           "{\"Name\":\"\xff\"}",
                           "{\"Name\":\"a\tb\"}",
                           ""};
    for (const char* line : lines) {
        EXPECT_FALSE(compare(line)) << line;
    }
}

TEST(JsonLines, DamagedLinesAgreeWithTheTree) {
    const std::string seeds[] = {
        R"({"TimeGenerated":"2025-11-14T01:02:03Z","Name":"x\ny","Count":5,"Ratio":-0.25,"Ok":false})",
        R"({"Bag":{"a":[1,2.5,{"b":null}],"c":"d"},"Small":7,"Unknown":[1,{"x":"y"}],"Took":"1.00:00:00"})",
        R"({"Price":"1.50","Key":"0e984725-c51c-4bf4-9960-e1c80e27aba0","Count":-0,"Ratio":1e5})"};
    const std::string alphabet = "{}[]\",:\\ 0129-.eEtrufalsn\x01\xc3\xa9";
    Random random(7);
    std::size_t taken = 0;
    for (int round = 0; round < 60'000; ++round) {
        std::string line = seeds[random.below(std::size(seeds))];
        for (std::uint64_t edits = random.below(3); edits > 0; --edits) {
            const std::size_t at = random.below(line.size());
            const char c = alphabet[random.below(alphabet.size())];
            switch (random.below(3)) {
                case 0:
                    line[at] = c;
                    break;
                case 1:
                    line.insert(line.begin() + static_cast<std::ptrdiff_t>(at), c);
                    break;
                default:
                    line.erase(at, 1 + random.below(4));
            }
        }
        taken += compare(line) ? 1U : 0U;
        ASSERT_FALSE(HasFailure()) << line;
    }
    EXPECT_GT(taken, 5'000U);
}

TEST(JsonLines, RowsAreTakenBackWhole) {
    RowBuilder rows("T", schema());
    JsonLines lines(rows, kRules);
    const std::string good = R"({"Name":"x","Count":1})" + std::string(JsonLines::kPadding, ' ');
    const std::string bad =
        R"({"Name":"y","Count":2,"Ok":"maybe"})" + std::string(JsonLines::kPadding, ' ');
    const auto add = [&](const std::string& padded) {
        return lines.add(std::string_view(padded).substr(0, padded.size() - JsonLines::kPadding));
    };
    EXPECT_EQ(add(good), JsonLines::Outcome::Added);
    EXPECT_EQ(add(bad), JsonLines::Outcome::Tree);
    EXPECT_EQ(add(good), JsonLines::Outcome::Added);
    const columns::Table table = rows.finish();
    ASSERT_EQ(table.rows(), 2U);
    EXPECT_EQ(cells(table, 0), cells(table, 1));
    EXPECT_FALSE(table.schema.index_of("Ok").has_value() &&
                 !table.chunks[0].columns[*table.schema.index_of("Ok")]->is_null(1));
}

}  // namespace
}  // namespace qd::telemetry
