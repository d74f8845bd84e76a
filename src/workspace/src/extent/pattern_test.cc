// Texts that follow patterns come back byte for byte, whole and row by row; a search finds every
// row that holds the needle and says so only when it is sure.
#include "extent/block.h"
#include "extent/column_encoder.h"
#include "extent/extent.h"
#include "extent/pattern_reader.h"
#include "extent/text_tokens.h"
#include "qd/base/random.h"
#include "qd/codec/value.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace qd::workspace::internal {
namespace {

using columns::ColumnBuilder;
using columns::ColumnPtr;
using columns::DataType;

std::string word(Random& random, std::size_t most) {
    std::string out;
    for (std::size_t n = 1 + random.below(most); n > 0; --n) {
        out += static_cast<char>('a' + random.below(26));
    }
    return out;
}

/// Log lines of some kinds, with everything a slot can be and texts that follow nothing.
std::vector<std::string> make_lines(std::size_t count, Random& random) {
    std::vector<std::string> words;
    for (int i = 0; i < 300; ++i) {
        words.push_back(word(random, 9));
    }
    const auto pick = [&] { return words[random.below(words.size())]; };
    const auto hex = [&](std::size_t digits) {
        std::string out;
        while (digits-- > 0) {
            out += "0123456789abcdef"[random.below(16)];
        }
        return out;
    };
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string n = std::to_string(random.next() >> random.below(64));
        switch (random.below(10)) {
            case 0:
                lines.push_back("request completed method=GET path=/api/" + pick() + "/" + n +
                                " status=200");
                break;
            case 1:
                lines.push_back("Request " + std::string(random.below(2) == 0 ? "ok" : "FAILED") +
                                " took=" + std::to_string(random.below(100)) + "." +
                                std::to_string(100 + random.below(900)).substr(1) + " ms");
                break;
            case 2:
                lines.push_back("session " + hex(8) + "-" + hex(4) + "-" + hex(12) + " opened");
                break;
            case 3:
                lines.push_back("{\"level\":\"" + pick() + "\",\"msg\":\"" + pick() + " " + pick() +
                                "\"}");
                break;
            case 4:
                lines.push_back("user " + word(random, 20) + n + " timeout");
                break;
            case 5:
                lines.push_back("na\xc3\xafve caf\xc3\xa9 " + pick() +
                                (i < 50'000 ? " \xe2\x84\xaa" : " \xc3\xa9") + n);
                break;
            case 6:
                lines.push_back(random.below(3) == 0 ? "" : "   ...   ");
                break;
            case 7:
                lines.push_back("at 2025-11-" + std::to_string(10 + random.below(20)) + "T0" +
                                std::to_string(random.below(10)) + ":00:07 " + pick());
                break;
            case 8:
                lines.push_back("id=" + std::string("0") + n);
                break;
            default:
                if (random.below(8) == 0) {
                    std::string odd;
                    for (std::size_t k = random.below(60); k > 0; --k) {
                        odd += static_cast<char>(random.below(256));
                    }
                    lines.push_back(odd);
                } else {
                    lines.push_back("retry " + n + " of 5");
                }
        }
    }
    if (count > 2000) {
        lines[77] = std::string(9000, 'x') + " long needleling";
        lines[1500] = "tag=needle one";
        lines[1501] = "tag=Needle, two";
        lines[1502] = "tag=needles three";
    }
    return lines;
}

std::string lower(std::string text) {
    for (char& c : text) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    }
    return text;
}

bool ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool holds(const std::string& line, const TextNeedle& needle) {
    const std::string folded = lower(line);
    const auto border = [&](std::size_t at) {
        return at >= folded.size() || !is_token_byte(folded[at]);
    };
    for (std::size_t at = folded.find(needle.text); at != std::string::npos;
         at = folded.find(needle.text, at + 1)) {
        if (!needle.whole || ((at == 0 || border(at - 1)) && border(at + needle.text.size()))) {
            return true;
        }
    }
    return false;
}

struct Written {
    std::vector<std::string> lines;
    std::string bytes;
    std::shared_ptr<const Extent> extent;
};

Written write(std::size_t count, std::uint64_t seed) {
    Random random(seed);
    Written out;
    out.lines = make_lines(count, random);
    ColumnBuilder builder(DataType::String);
    for (const std::string& line : out.lines) {
        builder.append_bytes(line);
    }
    InlineExecutor executor;
    std::vector<ColumnInput> inputs(1);
    inputs[0].name = "Text";
    inputs[0].pieces = {builder.finish()};
    out.bytes = encode_extent(executor, inputs, {}, count, 1);
    out.extent = Extent::open(out.bytes, nullptr, "t").value();
    return out;
}

TEST(Pattern, TextsComeBack) {
    for (const std::size_t count : {1024U, 5000U, 140'000U}) {
        const Written written = write(count, count);
        const ExtentColumn& column = written.extent->footer().columns[0];
        ASSERT_EQ(column.parts[0].encoding, Encoding::Pattern);
        DictionaryCache cache(written.extent);
        std::size_t first = 0;
        for (std::size_t g = 0; g < column.parts.size(); ++g) {
            const ColumnPtr whole = cache.read(column, g).value();
            for (std::uint32_t i = 0; i < whole->size(); ++i) {
                ASSERT_EQ(whole->bytes_at(i), written.lines[first + i]) << first + i;
            }
            for (const std::uint32_t step : {3U, 77U, 5000U}) {
                std::vector<std::uint32_t> rows;
                for (std::uint32_t i = step / 3; i < whole->size(); i += step) {
                    rows.push_back(i);
                }
                const ColumnPtr some = cache.read_rows(column, g, rows).value();
                ASSERT_EQ(some->size(), rows.size());
                for (std::uint32_t i = 0; i < rows.size(); ++i) {
                    ASSERT_EQ(some->bytes_at(i), written.lines[first + rows[i]]);
                }
            }
            first += whole->size();
        }
        EXPECT_EQ(first, written.lines.size());
    }
}

TEST(Pattern, ASearchMissesNothingAndSaysWhenItIsSure) {
    const Written written = write(70'000, 5);
    const ExtentColumn& column = written.extent->footer().columns[0];
    DictionaryCache cache(written.extent);
    std::vector<TextNeedle> needles;
    for (const char* text : {"needle", "needles", "timeout", "request", "failed", "ok", "200", "7",
                             "07", "2025", "caf", "k", "x", "absent", "retry", "5", "a1", "00"}) {
        needles.push_back({.text = text, .whole = true});
        needles.push_back({.text = text, .whole = false});
    }
    Random random(9);
    for (int i = 0; i < 60; ++i) {
        // Terms out of the texts themselves.
        std::vector<std::string_view> tokens;
        std::string skeleton;
        split_tokens(written.lines[random.below(written.lines.size())], tokens, skeleton);
        for (const std::string_view token : tokens) {
            if (ascii(token) && token.size() < 40) {
                needles.push_back({.text = lower(std::string(token)), .whole = true});
                needles.push_back(
                    {.text = lower(std::string(token.substr(token.size() / 2))), .whole = false});
            }
        }
    }
    std::size_t sure = 0;
    for (const TextNeedle& needle : needles) {
        std::size_t first = 0;
        for (std::size_t g = 0; g < column.parts.size(); ++g) {
            const auto found = cache.search(column, g, needle).value();
            ASSERT_TRUE(found.has_value());
            const std::uint32_t rows = written.extent->footer().group_rows[g];
            for (std::uint32_t row = 0; row < rows; ++row) {
                const bool listed = std::binary_search(found->rows.begin(), found->rows.end(), row);
                const bool does = holds(written.lines[first + row], needle);
                ASSERT_TRUE(listed || !does) << needle.text << ": " << written.lines[first + row];
                ASSERT_TRUE(!listed || does || !found->exact)
                    << needle.text << ": " << written.lines[first + row];
            }
            sure += found->exact ? 1U : 0U;
            first += rows;
        }
    }
    EXPECT_GT(sure, needles.size() / 2);
}

TEST(Pattern, VariantsComeBack) {
    Random random(21);
    const std::vector<std::string> lines = make_lines(5000, random);
    ColumnBuilder builder(DataType::Dynamic);
    std::size_t row = 0;
    for (const std::string& line : lines) {
        Object object;
        object.set("message", line);
        object.set("n", static_cast<std::int64_t>(row));
        object.set("ratio", 0.1 * static_cast<double>(row % 7));
        switch (row++ % 11) {
            case 0:
                builder.append_null();
                break;
            case 1:
                builder.append_value(Value(std::move(object)));
                break;
            case 2:
                builder.append_value(Value(Timestamp{637134336000000000 + Ticks::kSecond}));
                break;
            case 3:
                builder.append_value(Value(static_cast<std::int64_t>(row)));
                break;
            default:
                builder.append_value(Value(line));
        }
    }
    const ColumnPtr all = builder.finish();
    InlineExecutor executor;
    std::vector<ColumnInput> inputs(1);
    inputs[0].name = "Bag";
    inputs[0].type = DataType::Dynamic;
    inputs[0].pieces = {all};
    const std::string bytes = encode_extent(executor, inputs, {}, lines.size(), 1);
    const auto extent = Extent::open(bytes, nullptr, "t").value();
    const ExtentColumn& column = extent->footer().columns[0];
    ASSERT_EQ(column.parts[0].encoding, Encoding::Pattern);
    DictionaryCache cache(extent);
    const ColumnPtr back = cache.read(column, 0).value();
    std::vector<std::uint32_t> rows;
    for (std::uint32_t i = 0; i < all->size(); ++i) {
        ASSERT_EQ(back->is_null(i), all->is_null(i)) << i;
        ASSERT_EQ(back->bytes_at(i), all->bytes_at(i)) << i;
        if (i % 97 < 2) {
            rows.push_back(i);
        }
    }
    const ColumnPtr some = cache.read_rows(column, 0, rows).value();
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
        ASSERT_EQ(some->is_null(i), all->is_null(rows[i]));
        ASSERT_EQ(some->bytes_at(i), all->bytes_at(rows[i]));
    }
}

TEST(Pattern, LyingBytesNeverCrash) {
    Written written = write(3000, 11);
    Random random(12);
    for (int round = 0; round < 3000; ++round) {
        std::string bytes = written.bytes;
        for (int n = 0; n < 3; ++n) {
            bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
        }
        const auto extent = Extent::open(bytes, nullptr, "t", false);
        if (!extent.ok() || extent.value()->footer().columns.empty()) {
            continue;
        }
        const ExtentColumn& column = extent.value()->footer().columns[0];
        DictionaryCache cache(extent.value());
        for (std::size_t g = 0; g < column.parts.size(); ++g) {
            cache.read(column, g).ok();
            cache.read_rows(column, g, std::vector<std::uint32_t>{0}).ok();
            cache.search(column, g, {.text = "needle", .whole = true}).ok();
        }
    }
}

}  // namespace
}  // namespace qd::workspace::internal
