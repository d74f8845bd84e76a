#include "extent/extent.h"

#include "extent/hex_codec.h"
#include "extent/int_codec.h"
#include "qd/base/random.h"
#include "qd/codec/guid.h"
#include "qd/columns/compare.h"
#include "qd/columns/variant.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace qd::workspace::internal {
namespace {

using columns::Column;
using columns::ColumnBuilder;
using columns::ColumnPtr;
using columns::DataType;
using columns::Scalar;

TEST(IntCodec, AnyIntegersComeBack) {
    Random random(1);
    for (int round = 0; round < 3000; ++round) {
        const std::size_t count = random.below(round % 50 == 0 ? 70000 : 40);
        const auto bits = random.below(65);
        std::vector<std::int64_t> values(count);
        std::int64_t running = static_cast<std::int64_t>(random.next());
        for (std::int64_t& v : values) {
            const std::uint64_t noise = bits == 0 ? 0 : random.next() >> (64 - bits);
            if (round % 2 == 0) {
                v = static_cast<std::int64_t>(noise) - 1000;
            } else {
                running = static_cast<std::int64_t>(static_cast<std::uint64_t>(running) + noise);
                v = running;
            }
        }
        const std::string bytes = encode_integers(values);
        std::vector<std::int64_t> back(count);
        ASSERT_TRUE(decode_integers(bytes, std::span<std::int64_t>(back)));
        ASSERT_EQ(back, values);
        std::vector<std::uint32_t> narrow(count);
        ASSERT_TRUE(decode_integers(bytes, std::span<std::uint32_t>(narrow)));
        for (std::size_t i = 0; i < count; ++i) {
            ASSERT_EQ(narrow[i], static_cast<std::uint32_t>(values[i]));
        }
        if (!bytes.empty()) {
            const std::string cut = bytes.substr(0, bytes.size() - 1);
            EXPECT_FALSE(decode_integers(cut, std::span<std::int64_t>(back)));
        }
    }
}

TEST(HexCodec, ATextIsFoundInItsDigits) {
    Random random(4);
    for (const bool some_empty : {false, true}) {
        std::vector<std::string> texts;
        for (int i = 0; i < 700; ++i) {
            texts.push_back(some_empty && i % 5 == 2
                                ? std::string()
                                : format_guid({{random.next(), random.next()}}));
        }
        texts[650] = texts[3];
        const std::vector<std::string_view> views(texts.begin(), texts.end());
        const auto encoded = encode_hex(views);
        ASSERT_TRUE(encoded.has_value());
        for (const std::string& wanted :
             {texts[0], texts[3], texts[699], std::string("absent"), texts[0].substr(1),
              texts[0] + "0", format_guid({{1, 2}})}) {
            std::vector<std::uint32_t> found;
            ASSERT_TRUE(
                find_hex(encoded->shape, encoded->present, encoded->digits, 700, wanted, found));
            std::vector<std::uint32_t> expected;
            for (std::uint32_t i = 0; i < texts.size(); ++i) {
                if (texts[i] == wanted && !wanted.empty()) {
                    expected.push_back(i);
                }
            }
            EXPECT_EQ(found, expected) << wanted;
        }
        std::vector<std::uint32_t> found;
        EXPECT_FALSE(find_hex(encoded->shape, encoded->present,
                              std::string_view(encoded->digits).substr(1), 700, texts[0], found));
    }
}

TEST(HexCodec, ShapesComeBackAndOthersAreRefused) {
    Random random(2);
    std::vector<std::string> texts;
    for (int i = 0; i < 500; ++i) {
        texts.push_back(i % 7 == 0 ? "" : format_guid({{random.next(), random.next()}}));
    }
    std::vector<std::string_view> views(texts.begin(), texts.end());
    const auto encoded = encode_hex(views);
    ASSERT_TRUE(encoded.has_value());
    std::vector<std::uint32_t> offsets;
    std::string heap;
    ASSERT_TRUE(decode_hex(encoded->shape, encoded->present, encoded->digits, 500, std::nullopt,
                           offsets, heap));
    for (std::size_t i = 0; i < views.size(); ++i) {
        EXPECT_EQ(std::string_view(heap).substr(offsets[i], offsets[i + 1] - offsets[i]), views[i]);
    }
    views[3] = "8145D822-13A7-44AD-859C-36F31A84F6DD";
    EXPECT_FALSE(encode_hex(views).has_value());
    views[3] = "short";
    EXPECT_FALSE(encode_hex(views).has_value());
}

Scalar random_scalar(Random& random, DataType type, std::uint64_t variety) {
    const std::uint64_t n = variety == 0 ? random.next() : random.below(variety);
    switch (type) {
        case DataType::Bool:
            return Scalar::of_bool(n % 2 == 0);
        case DataType::Int:
            return Scalar::of_int(static_cast<std::int32_t>(n));
        case DataType::Long:
            return Scalar::of_long(static_cast<std::int64_t>(n));
        case DataType::Real:
            return variety == 0 ? Scalar::of_real(random.unit() * 1e9)
                                : Scalar::of_real(static_cast<double>(n) / 100);
        case DataType::Decimal:
            return Scalar::of_decimal(decimal_from_int(static_cast<std::int64_t>(n >> 1)).bits);
        case DataType::String:
            return n % 11 == 0 ? Scalar::of_string("") : Scalar::of_string("t" + std::to_string(n));
        case DataType::DateTime:
            return Scalar::of_datetime(static_cast<std::int64_t>(n >> 8));
        case DataType::TimeSpan:
            return Scalar::of_timespan(-static_cast<std::int64_t>(n >> 8));
        case DataType::Guid:
            return Scalar::of_guid({n, random.next()});
        case DataType::Dynamic: {
            Object object;
            object.set("n", static_cast<std::int64_t>(n >> 1));
            return Scalar::of_dynamic(object);
        }
    }
    return Scalar::null_of(type);
}

struct Sample {
    std::vector<ColumnInput> inputs;
    std::vector<std::vector<Scalar>> truth;
    std::uint32_t rows = 0;
};

// Columns of every type with nulls and without, constant, of few values and of many, in pieces of
// every layout.
Sample make_sample(Random& random, std::uint32_t rows) {
    Sample sample;
    sample.rows = rows;
    for (int type = 0; type < 10; ++type) {
        for (const std::uint64_t variety : {1ULL, 5ULL, 300ULL, 0ULL}) {
            for (const std::uint64_t null_of : {0ULL, 1ULL, 4ULL}) {
                ColumnInput input;
                input.type = static_cast<DataType>(type);
                input.name = "c" + std::to_string(sample.inputs.size());
                std::vector<Scalar> truth;
                while (truth.size() < rows) {
                    const auto piece_rows = static_cast<std::uint32_t>(
                        std::min<std::uint64_t>(rows - truth.size(), 1 + random.below(rows)));
                    ColumnBuilder builder(input.type);
                    std::vector<std::uint32_t> codes;
                    for (std::uint32_t i = 0; i < piece_rows; ++i) {
                        builder.append(null_of != 0 && random.below(null_of) == 0
                                           ? Scalar::null_of(input.type)
                                           : random_scalar(random, input.type, variety));
                        codes.push_back(static_cast<std::uint32_t>(random.below(piece_rows)));
                    }
                    ColumnPtr piece = builder.finish();
                    switch (random.below(3)) {
                        case 0:
                            piece = Column::make_dictionary(piece, codes);
                            break;
                        case 1:
                            if (random.below(4) == 0) {
                                piece = Column::make_constant(piece->scalar_at(0), piece_rows);
                            }
                            break;
                        default:
                            break;
                    }
                    for (std::uint32_t i = 0; i < piece_rows; ++i) {
                        truth.push_back(piece->scalar_at(i));
                    }
                    input.pieces.push_back(std::move(piece));
                }
                sample.inputs.push_back(std::move(input));
                sample.truth.push_back(std::move(truth));
            }
        }
    }
    return sample;
}

void expect_sample(const Extent& extent, const Sample& sample,
                   std::span<const std::uint32_t> order) {
    for (std::size_t c = 0; c < sample.inputs.size(); ++c) {
        const ExtentColumn* column = extent.find_column(sample.inputs[c].name);
        ASSERT_NE(column, nullptr);
        ColumnPtr dictionary;
        if (column->dictionary_entries > 0) {
            dictionary = extent.read_dictionary(*column).value();
        }
        std::uint32_t row = 0;
        for (std::size_t g = 0; g < extent.footer().group_rows.size(); ++g) {
            auto part = extent.read_part(*column, g, dictionary);
            ASSERT_TRUE(part.ok()) << part.error().text();
            for (std::uint32_t i = 0; i < part.value()->size(); ++i, ++row) {
                ASSERT_EQ(part.value()->scalar_at(i),
                          sample.truth[c][order.empty() ? row : order[row]])
                    << column->name << " row " << row;
            }
            // Rows one by one are the same rows.
            for (const std::uint32_t step : {1U, 3U, 50U, 4001U}) {
                std::vector<std::uint32_t> some;
                for (std::uint32_t i = step / 2; i < part.value()->size(); i += step) {
                    some.push_back(i);
                }
                const auto at = extent.read_rows(*column, g, dictionary, some);
                ASSERT_TRUE(at.ok()) << at.error().text();
                ASSERT_EQ(at.value()->size(), some.size());
                for (std::uint32_t i = 0; i < some.size(); ++i) {
                    ASSERT_EQ(at.value()->scalar_at(i), part.value()->scalar_at(some[i]))
                        << column->name << " row " << some[i];
                }
            }
        }
        ASSERT_EQ(row, sample.rows);
    }
}

TEST(Extent, EveryTypeAndShapeComesBack) {
    Random random(3);
    InlineExecutor executor;
    for (const std::uint32_t rows : {1U, 2U, 50U, 3000U, 70000U}) {
        const Sample sample = make_sample(random, rows);
        std::vector<std::uint32_t> order;
        if (rows % 3 == 0 || rows == 50) {
            for (std::uint32_t i = rows; i-- > 0;) {
                order.push_back(i);
            }
        }
        const std::string bytes = encode_extent(executor, sample.inputs, order, rows, 42);
        auto extent = Extent::open(bytes, nullptr, "test");
        ASSERT_TRUE(extent.ok()) << extent.error().text();
        EXPECT_EQ(extent.value()->footer().last_sequence, 42U);
        expect_sample(*extent.value(), sample, order);
    }
}

TEST(Extent, SpecialReals) {
    InlineExecutor executor;
    ColumnBuilder builder(DataType::Real);
    const double kValues[] = {0.0, -0.0,  std::nan(""), std::numeric_limits<double>::infinity(),
                              0.1, 1e300, 5e-324,       123456.7891};
    for (const double v : kValues) {
        builder.append_real(v);
    }
    std::vector<ColumnInput> inputs(1);
    inputs[0] = {"r", DataType::Real, {builder.finish()}};
    const std::string bytes = encode_extent(executor, inputs, {}, std::size(kValues), 1);
    const auto extent = Extent::open(bytes, nullptr, "test").value();
    const auto part = extent->read_part(extent->footer().columns[0], 0, nullptr).value();
    for (std::uint32_t i = 0; i < part->size(); ++i) {
        EXPECT_EQ(std::bit_cast<std::uint64_t>(part->real_at(i)),
                  std::bit_cast<std::uint64_t>(kValues[i]));
    }
}

// Reads everything an extent holds; the first error, or nothing.
Status read_all(const std::string& bytes, bool verify) {
    QD_TRY(const auto extent, Extent::open(bytes, nullptr, "test", verify));
    for (const ExtentColumn& column : extent->footer().columns) {
        DictionaryCache cache(extent);
        for (std::size_t g = 0; g < extent->footer().group_rows.size(); ++g) {
            QD_TRY(const auto part, cache.read(column, g));
            for (std::uint32_t i = 0; i < part->size(); i += 97) {
                static_cast<void>(part->scalar_at(i));
            }
            if (columns::is_bytes(column.type)) {
                QD_CHECK_OK(extent->find_equal(column, g, "absent"));
                QD_CHECK_OK(cache.search(column, g, {.text = "absent", .whole = true}));
            }
        }
    }
    return {};
}

TEST(Extent, EveryFlippedBitIsFound) {
    Random random(4);
    InlineExecutor executor;
    const Sample sample = make_sample(random, 300);
    const std::string bytes = encode_extent(executor, sample.inputs, {}, 300, 1);
    ASSERT_TRUE(read_all(bytes, true).ok());
    for (std::size_t at = 0; at < bytes.size(); at += 1 + random.below(7)) {
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 << random.below(8)));
        const Status status = read_all(damaged, true);
        ASSERT_FALSE(status.ok()) << "byte " << at << " of " << bytes.size();
        ASSERT_EQ(status.error().code(), Code::DataLoss);
    }
    for (std::size_t size = 0; size < bytes.size(); size += 1 + random.below(500)) {
        ASSERT_FALSE(read_all(bytes.substr(0, size), true).ok());
    }
}

// Without checksums the decoders themselves must stay in bounds, whatever they are given.
TEST(Extent, LyingBytesNeverCrash) {
    Random random(5);
    InlineExecutor executor;
    const Sample sample = make_sample(random, 200);
    const std::string bytes = encode_extent(executor, sample.inputs, {}, 200, 1);
    int refused = 0;
    for (int i = 0; i < 3000; ++i) {
        std::string damaged = bytes;
        for (std::uint64_t n = 1 + random.below(6); n > 0; --n) {
            const std::size_t tail = random.below(2) == 0 ? damaged.size() : damaged.size() / 3;
            damaged[damaged.size() - 1 - random.below(tail)] = static_cast<char>(random.below(256));
        }
        refused += read_all(damaged, false).ok() ? 0 : 1;
    }
    EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace qd::workspace::internal
