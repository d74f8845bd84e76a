// An index may leave rows to be looked at, but never hides one; what it calls exact is.
#include "extent/term_index.h"

#include "extent/extent.h"
#include "extent/text_tokens.h"
#include "qd/base/random.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace qd::workspace::internal {
namespace {

std::vector<std::string_view> views(const std::vector<std::string>& texts) {
    return {texts.begin(), texts.end()};
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    }
    return out;
}

bool holds_term(std::string_view text, std::string_view term) {
    for (std::string_view token = next_token(text); !token.empty(); token = next_token(text)) {
        if (lower(token) == term) {
            return true;
        }
    }
    return false;
}

/// Texts of a small vocabulary, some words rare, with numbers, cases and bytes beyond ASCII.
std::vector<std::string> make_texts(std::size_t count, Random& random) {
    const char* separators[] = {" ", "=", ", ", "/", " \"", "\xe2\x80\x94"};
    std::vector<std::string> texts(count);
    for (std::string& text : texts) {
        for (std::uint64_t n = random.below(9); n > 0; --n) {
            const std::uint64_t which = random.below(40);
            const std::uint64_t rank = random.below(1 + random.below(400));
            std::string word = which == 0   ? std::to_string(random.next() >> random.below(60))
                               : which == 1 ? "caf\xc3\xa9" + std::to_string(rank)
                               : which == 2 ? "deadbeef0" + std::to_string(rank)
                                            : "word" + std::string(1, 'g') + std::to_string(rank);
            if (random.below(3) == 0) {
                word[0] =
                    word[0] >= 'a' && word[0] <= 'z' ? static_cast<char>(word[0] - 32) : word[0];
            }
            text += word + separators[random.below(6)];
        }
    }
    return texts;
}

TEST(TermIndex, HidesNoRowAndExactMeansExact) {
    Random random(31);
    std::size_t answered = 0;
    std::size_t exact = 0;
    for (const std::size_t count : {1U, 7U, 500U, 20'000U}) {
        for (int round = 0; round < 6; ++round) {
            const std::vector<std::string> texts = make_texts(count, random);
            const bool some_hidden = round % 2 == 1;
            const auto plain = [&](std::uint32_t row) { return !some_hidden || row % 50 != 3; };
            const std::string index = build_term_index(views(texts), plain);
            std::vector<std::string> terms = {"absent", "wordg1", "7", "deadbeef01", "caf"};
            for (int i = 0; i < 60; ++i) {
                terms.push_back("wordg" + std::to_string(random.below(450)));
            }
            for (const std::string& term : terms) {
                const auto found = find_term(index, {.text = term, .whole = true},
                                             static_cast<std::uint32_t>(count));
                if (!found) {
                    continue;
                }
                ++answered;
                exact += found->exact ? 1U : 0U;
                ASSERT_TRUE(std::is_sorted(found->rows.begin(), found->rows.end()));
                for (std::uint32_t row = 0; row < count; ++row) {
                    const bool listed =
                        std::binary_search(found->rows.begin(), found->rows.end(), row);
                    const bool does = plain(row) ? holds_term(texts[row], term) : true;
                    ASSERT_TRUE(listed || !does) << term << " in " << texts[row];
                    ASSERT_TRUE(!listed || does || !found->exact) << term << " in " << texts[row];
                }
            }
        }
    }
    EXPECT_GT(answered, 300U);
    EXPECT_GT(exact, 50U);
}

TEST(TermIndex, LeavesToOthersWhatItDoesNotKnow) {
    std::vector<std::string> texts(100, "level=info code=500 id=deadbeef12 done");
    texts[7] = texts[30] = texts[60] = "level=error";
    texts[31] = "level=once";
    const std::string index = build_term_index(views(texts), [](std::uint32_t) { return true; });
    const auto ask = [&](const char* text, bool whole) {
        return find_term(index, {.text = text, .whole = whole}, 100);
    };
    EXPECT_FALSE(ask("500", true));         // numbers are not in it,
    EXPECT_FALSE(ask("deadbeef12", true));  // nor what could be one in hexadecimal
    EXPECT_FALSE(ask("err", false));        // nor parts of words
    EXPECT_FALSE(ask("done", true));        // a word of nearly every row has no list
    ASSERT_TRUE(ask("error", true));
    EXPECT_EQ(ask("error", true)->rows, (std::vector<std::uint32_t>{7, 30, 60}));
    EXPECT_TRUE(ask("error", true)->exact);
    EXPECT_FALSE(ask("once", true));  // nor the row of a word that is nearly nowhere
    ASSERT_TRUE(ask("debug", true));
    EXPECT_TRUE(ask("debug", true)->rows.empty());
}

TEST(TermIndex, TooManyWordsMakeNone) {
    std::vector<std::string> texts;
    for (int i = 0; i < 1000; ++i) {
        texts.push_back("w" + std::to_string(i) + " z" + std::to_string(i));
    }
    EXPECT_EQ(build_term_index(views(texts), [](std::uint32_t) { return true; }), "");
    EXPECT_FALSE(find_term("", {.text = "w", .whole = true}, 1000));
}

TEST(ValueFilter, HidesNoTextAndMostOthers) {
    Random random(32);
    for (const std::size_t count : {1U, 40U, 65'536U}) {
        std::vector<std::string> texts(count);
        for (std::string& text : texts) {
            text = random.below(20) == 0 ? "" : "id-" + std::to_string(random.next());
        }
        const std::string filter = build_value_filter(views(texts));
        for (const std::string& text : texts) {
            ASSERT_TRUE(may_hold_text(filter, text));
        }
        std::size_t wrong = 0;
        for (int i = 0; i < 10'000; ++i) {
            wrong += may_hold_text(filter, "no-" + std::to_string(i)) ? 1U : 0U;
        }
        EXPECT_LT(wrong, 600U) << count;  // eight bits a text: about 3 in 100
    }
}

TEST(TermIndex, LyingBytesSayNothingOrStayInside) {
    Random random(33);
    const std::vector<std::string> texts = make_texts(3000, random);
    const std::string index = build_term_index(views(texts), [](std::uint32_t) { return true; });
    const std::string filter = build_value_filter(views(texts));
    ASSERT_FALSE(index.empty());
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes = round % 2 == 0 ? index : filter;
        for (int n = 0; n < 3; ++n) {
            bytes[random.below(round % 3 == 0 ? 24 : bytes.size())] =
                static_cast<char>(random.below(256));
        }
        bytes.resize(round % 5 == 0 ? random.below(bytes.size()) : bytes.size());
        const auto found = find_term(bytes, {.text = "wordg5", .whole = true}, 3000);
        if (found) {
            ASSERT_TRUE(std::is_sorted(found->rows.begin(), found->rows.end()));
            ASSERT_TRUE(found->rows.empty() || found->rows.back() < 3000);
        }
        static_cast<void>(may_hold_text(bytes, "wordg5"));
    }
}

// Extents of the first version have no indexes: the same question gets the same answer from them.
TEST(TermIndex, FootersOfTheFirstVersionAreRead) {
    ExtentFooter footer;
    footer.rows = 2;
    footer.group_rows = {2};
    footer.columns.resize(1);
    footer.columns[0].name = "Text";
    footer.columns[0].type = columns::DataType::String;
    footer.columns[0].parts.resize(1);
    footer.columns[0].parts[0].encoding = Encoding::Bytes;
    footer.columns[0].parts[0].blocks = {BlockRef{.offset = 8, .stored_bytes = 4, .raw_bytes = 4}};
    const std::string old = encode_footer(footer, 1);
    const auto back = decode_footer(old, 1000, 1);
    ASSERT_TRUE(back);
    EXPECT_FALSE(back->columns[0].parts[0].index_block);
    EXPECT_EQ(back->columns[0].parts[0].blocks.size(), 1U);
    EXPECT_FALSE(decode_footer(old, 1000, 2) && encode_footer(*decode_footer(old, 1000, 2)) == old);
    footer.columns[0].parts[0].index_block =
        BlockRef{.offset = 12, .stored_bytes = 9, .raw_bytes = 9};
    const auto now = decode_footer(encode_footer(footer), 1000);
    ASSERT_TRUE(now);
    ASSERT_TRUE(now->columns[0].parts[0].index_block);
    EXPECT_EQ(now->columns[0].parts[0].index_block->offset, 12U);
}

}  // namespace
}  // namespace qd::workspace::internal
