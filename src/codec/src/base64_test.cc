#include "qd/codec/base64.h"

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

TEST(Base64, RfcVectorsAndRoundTrips) {
    const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, encoded] : cases) {
        EXPECT_EQ(base64_encode(plain), encoded);
        EXPECT_EQ(base64_decode(encoded).value(), plain);
    }
    EXPECT_EQ(base64_decode("Zg").value(), "f");
    EXPECT_EQ(base64_encode("\xfb\xff"), "+/8=");
    EXPECT_EQ(base64url_encode("\xfb\xff"), "-_8");
    EXPECT_EQ(base64url_decode("-_8").value(), "\xfb\xff");
    Random random(1);
    for (std::size_t size = 0; size < 200; ++size) {
        const std::string bytes = random_bytes(random, size);
        EXPECT_EQ(base64_decode(base64_encode(bytes)).value(), bytes);
        EXPECT_EQ(base64url_decode(base64url_encode(bytes)).value(), bytes);
        EXPECT_EQ(hex_decode(hex_encode(bytes)).value(), bytes);
    }
    for (const char* bad : {"Z", "Zg=", "Zg===", "Z===", "====", "=", "Zm9v=", "Zg==Zg==", "Zm 9v",
                            "Zm9v\n", "Zm-v", "Zm9\xff"}) {
        const auto decoded = base64_decode(bad);
        ASSERT_FALSE(decoded.ok()) << bad;
        EXPECT_EQ(decoded.error().id(), "COD0051");
    }
    EXPECT_FALSE(base64url_decode("+/8").ok());
}

TEST(Base64, Hex) {
    EXPECT_EQ(hex_encode(std::string("\0\xfe\x10", 3)), "00fe10");
    EXPECT_EQ(hex_decode("00FEfe").value(), std::string("\0\xfe\xfe", 3));
    for (const char* bad : {"0", "0g", "g0", "0x", " 0"}) {
        EXPECT_EQ(hex_decode(bad).error().id(), "COD0052") << bad;
    }
}

TEST(Base64, Urls) {
    EXPECT_EQ(url_encode("a-b_c.d~e f/?&=+%\xc3\xa9"), "a-b_c.d~e%20f%2F%3F%26%3D%2B%25%C3%A9");
    EXPECT_EQ(url_decode("a%20b+c%2f%2F", false), "a b+c//");
    EXPECT_EQ(url_decode("a%20b+c", true), "a b c");
    EXPECT_EQ(url_decode("100%", true), "100%");
    EXPECT_EQ(url_decode("%zz%4", true), "%zz%4");
    EXPECT_EQ(url_decode("%00%ff", true), std::string("\0\xff", 2));
    EXPECT_EQ(url_decode("%41", false), "A");
}

}  // namespace
}  // namespace qd::codec
