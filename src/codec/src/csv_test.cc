#include "qd/codec/csv.h"

#include "qd/base/random.h"

#include <gtest/gtest.h>

namespace qd::codec {
namespace {

/// "a|b/c": records by '/', fields by '|', quoted fields in parentheses.
std::string read_csv(std::string_view text, char separator = ',') {
    CsvReader reader(text, separator);
    std::vector<CsvReader::Field> record;
    std::string out;
    for (;;) {
        const auto more = reader.next(record);
        if (!more.ok()) {
            return more.error().text();
        }
        if (!more.value()) {
            return out;
        }
        for (std::size_t i = 0; i < record.size(); ++i) {
            out += i == 0 ? "" : "|";
            out += record[i].quoted ? "(" + record[i].text + ")" : record[i].text;
        }
        out += "/";
    }
}

TEST(Csv, ReadsRecords) {
    const std::pair<const char*, const char*> cases[] = {
        {"", ""},
        {"a", "a/"},
        {"a,b\r\nc,d\r\n", "a|b/c|d/"},
        {"a,b\nc,d", "a|b/c|d/"},
        {"a,\n", "a|/"},
        {"a,", "a|/"},
        {",", "|/"},
        {"\n", "/"},
        {"a\n\nb\n", "a//b/"},
        {"\"a\",\"\",", "(a)|()|/"},
        {"\"a,b\",\"c\nd\",\"e\"\"f\"\n", "(a,b)|(c\nd)|(e\"f)/"},
        {"a\"b,c\n", "a\"b|c/"},
        {" a , b \n", " a | b /"},
        {"\xef\xbb\xbfid,x\n", "id|x/"},
        {"\xef\xbb\xbf\"\xef\xbb\xbfid\"\n", "(\xef\xbb\xbfid)/"},
        {"\"\"\"\"", "(\")/"},
        {"\"a", "COD0031: malformed CSV: quote never closes at line 1, offset 1"},
        {"a\n\"b\nc", "COD0031: malformed CSV: quote never closes at line 2, offset 3"},
        {"\"a\"b\n", "COD0031: malformed CSV: text behind a closing quote at line 1, offset 3"},
    };
    for (const auto& [text, expected] : cases) {
        EXPECT_EQ(read_csv(text), expected) << text;
    }
    EXPECT_EQ(read_csv("a;b,c;\"d;e\"\n", ';'), "a|b,c|(d;e)/");
}

TEST(Csv, QuotesWhatMustBeQuoted) {
    const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                         {"plain", "plain"},
                                                         {"a,b", "\"a,b\""},
                                                         {"a\"b", "\"a\"\"b\""},
                                                         {"a\nb", "\"a\nb\""},
                                                         {"\xef\xbb\xbfx", "\"\xef\xbb\xbfx\""}};
    for (const auto& [field, expected] : cases) {
        std::string out;
        append_csv_field(out, field);
        EXPECT_EQ(out, expected);
    }
}

TEST(Csv, WrittenFieldsReadBack) {
    Random random(3);
    constexpr std::string_view kAlphabet = "ab,\"\n\r ;";
    for (int i = 0; i < 20'000; ++i) {
        std::string line;
        std::vector<std::string> fields;
        for (std::uint64_t n = random.below(4) + 1; n > 0; --n) {
            std::string field;
            for (std::uint64_t k = random.below(5); k > 0; --k) {
                field += kAlphabet[random.below(kAlphabet.size())];
            }
            line += fields.empty() ? "" : ",";
            append_csv_field(line, field);
            fields.push_back(std::move(field));
        }
        line += "\r\n";
        CsvReader reader(line);
        std::vector<CsvReader::Field> record;
        ASSERT_TRUE(reader.next(record).value());
        ASSERT_EQ(record.size(), fields.size()) << line;
        for (std::size_t k = 0; k < fields.size(); ++k) {
            ASSERT_EQ(record[k].text, fields[k]);
        }
        EXPECT_EQ(reader.offset(), line.size());
        ASSERT_FALSE(reader.next(record).value());
    }
}

}  // namespace
}  // namespace qd::codec
