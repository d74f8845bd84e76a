#include "qd/codec/protowire.h"

#include <gtest/gtest.h>

namespace qd::codec {
namespace {

TEST(Protowire, RoundTrips) {
    ProtoWriter writer;
    writer.varint(1, 300);
    writer.varint(2, static_cast<std::uint64_t>(-1));
    writer.fixed64(3, 0x0102030405060708U);
    writer.float64(4, -2.5);
    writer.bytes(5, "text");
    writer.bytes(536'870'911, "");
    writer.varint(7, 3);
    const std::string message = writer.take();
    EXPECT_EQ(message.substr(0, 3), "\x08\xac\x02");
    ProtoReader reader(message);
    ASSERT_TRUE(reader.next());
    EXPECT_EQ(reader.varint(), 300U);
    ASSERT_TRUE(reader.next());
    EXPECT_EQ(reader.signed_varint(), -1);
    ASSERT_TRUE(reader.next());
    EXPECT_EQ(reader.fixed64(), 0x0102030405060708U);
    ASSERT_TRUE(reader.next());
    EXPECT_EQ(reader.float64(), -2.5);
    ASSERT_TRUE(reader.next());
    EXPECT_EQ(reader.bytes(), "text");
    ASSERT_TRUE(reader.next());
    EXPECT_EQ(reader.field(), 536'870'911U);
    EXPECT_EQ(reader.bytes(), "");
    ASSERT_TRUE(reader.next());
    EXPECT_EQ(reader.zigzag(), -2);
    EXPECT_FALSE(reader.next());
    EXPECT_TRUE(reader.status().ok());
    ProtoReader fixed(std::string_view("\x0d\x04\x03\x02\x01", 5));
    ASSERT_TRUE(fixed.next());
    EXPECT_EQ(fixed.fixed32(), 0x01020304U);
    // Every message that is cut inside a field is refused; cut between fields it is a shorter one.
    std::size_t whole = 0;
    for (std::size_t size = 0; size <= message.size(); ++size) {
        ProtoReader cut(std::string_view(message.data(), size));
        while (cut.next()) {
        }
        whole += cut.status().ok() ? 1U : 0U;
    }
    EXPECT_EQ(whole, 8U);
}

TEST(Protowire, MalformedMessagesFail) {
    const std::string_view cases[] = {
        {"\x08", 1},      // no value
        {"\x00\x01", 2},  // field 0
        {"\x0b\x01", 2},  // group
        {"\x0f", 1},      // wire type 7
        {"\x12\x05"
         "abcd",
         6},                                                   // four bytes of five
        {"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},  // length 2^64-1
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11},  // beyond 64 bits
        {"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12},
        {"\x09\x01\x02", 3},
        {"\x80\x80\x80\x80\x10\x01", 6},  // field 2^29
    };
    for (const std::string_view bytes : cases) {
        ProtoReader reader(bytes);
        while (reader.next()) {
        }
        ASSERT_FALSE(reader.status().ok());
        EXPECT_EQ(reader.status().error().id(), "COD0021");
        EXPECT_FALSE(reader.next());
    }
    ProtoReader wrong(std::string_view("\x08\x01\x08\x01", 4));
    ASSERT_TRUE(wrong.next());
    EXPECT_EQ(wrong.bytes(), "");
    EXPECT_EQ(wrong.fixed64(), 0U);
    EXPECT_EQ(wrong.fixed32(), 0U);
    EXPECT_FALSE(wrong.next());
    EXPECT_FALSE(wrong.status().ok());
}

}  // namespace
}  // namespace qd::codec
