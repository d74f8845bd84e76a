#include "qd/codec/compress.h"

#include "qd/base/random.h"

#include <gtest/gtest.h>

namespace qd::codec {
namespace {

std::string random_bytes(Random& random, std::size_t size) {
    std::string out(size, '\0');
    for (char& c : out) {
        c = static_cast<char>(random.next() >> 56);
    }
    return out;
}

TEST(Compress, RoundTrips) {
    Random random(2);
    std::vector<std::string> inputs = {"", "a", std::string(1'000'000, 'x'),
                                       random_bytes(random, 100'000)};
    for (const std::string& input : inputs) {
        for (const int level : {1, 6, 12}) {
            EXPECT_EQ(gunzip(gzip(input, level), input.size()).value(), input);
            EXPECT_EQ(zlib_inflate(zlib_deflate(input, level), input.size()).value(), input);
        }
        EXPECT_EQ(zstd_decompress(zstd_compress(input), input.size()).value(), input);
        EXPECT_EQ(zstd_decompress(zstd_compress(input, 9), input.size()).value(), input);
        EXPECT_EQ(lz4_decompress(lz4_compress(input), input.size()).value(), input);
    }
}

TEST(Compress, MembersAndFramesFollowEachOther) {
    EXPECT_EQ(gunzip(gzip("hello ") + gzip("") + gzip("world"), 100).value(), "hello world");
    EXPECT_EQ(gunzip(gzip("hello ") + gzip("world"), 10).error().id(), "COD0042");
    EXPECT_EQ(gunzip(gzip("hello ") + gzip("world"), 11).value(), "hello world");
    EXPECT_EQ(gunzip(gzip("hello") + "junk", 100).error().id(), "COD0041");
    EXPECT_EQ(zstd_decompress(zstd_compress("hello ") + zstd_compress("world"), 11).value(),
              "hello world");
    EXPECT_EQ(zstd_decompress(zstd_compress("hello ") + zstd_compress("world"), 10).error().id(),
              "COD0042");
    std::string members;
    for (int i = 0; i < 200'000; ++i) {
        members += gzip("");
    }
    EXPECT_EQ(gunzip(members, 64 << 20).value(), "");
}

TEST(Compress, BombsStopAtTheLimit) {
    const std::string zeros(50'000'000, '\0');
    for (const std::size_t limit : {std::size_t{0}, std::size_t{1}, std::size_t{1'000'000}}) {
        EXPECT_EQ(gunzip(gzip(zeros), limit).error().id(), "COD0042") << limit;
        EXPECT_EQ(zlib_inflate(zlib_deflate(zeros), limit).error().id(), "COD0042");
        EXPECT_EQ(zstd_decompress(zstd_compress(zeros), limit).error().id(), "COD0042");
        EXPECT_EQ(gunzip(gzip(zeros), limit).error().code(), Code::ResourceExhausted);
    }
    EXPECT_EQ(lz4_decompress("x", 1'900'000'000).error().id(), "COD0043");
}

TEST(Compress, DamageIsNoticed) {
    const std::string text = "some text that is worth compressing, some text again and again";
    const std::string packed = gzip(text);
    for (std::size_t size = 0; size < packed.size(); ++size) {
        EXPECT_EQ(gunzip(packed.substr(0, size), 1'000).error().id(), "COD0041") << size;
    }
    std::string flipped = packed;
    flipped[flipped.size() - 6] = static_cast<char>(flipped[flipped.size() - 6] ^ 1);  // checksum
    EXPECT_EQ(gunzip(flipped, 1'000).error().id(), "COD0041");
    const std::string frame = zstd_compress(text);
    for (std::size_t size = 0; size < frame.size(); ++size) {
        EXPECT_EQ(zstd_decompress(frame.substr(0, size), 1'000).error().id(), "COD0041") << size;
    }
    EXPECT_EQ(zstd_decompress("not zstd at all", 1'000).error().id(), "COD0041");
    const std::string block = lz4_compress(text);
    EXPECT_EQ(lz4_decompress(block, text.size() - 1).error().id(), "COD0043");
    EXPECT_EQ(lz4_decompress(block, text.size() + 1).error().id(), "COD0043");
    EXPECT_EQ(lz4_decompress(block.substr(0, 5), text.size()).error().id(), "COD0043");
    EXPECT_EQ(lz4_decompress("", 1).error().code(), Code::DataLoss);
}

}  // namespace
}  // namespace qd::codec
