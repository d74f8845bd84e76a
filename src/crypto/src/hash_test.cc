#include "qd/crypto/hash.h"

#include "qd/codec/base64.h"
#include "qd/crypto/secret.h"

#include <gtest/gtest.h>

namespace qd::crypto {
namespace {

// Sources: FIPS 180-4 examples, RFC 1321 A.5, RFC 4231.
TEST(Hash, KnownDigests) {
    EXPECT_EQ(codec::hex_encode(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(codec::hex_encode(sha256("")),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(codec::hex_encode(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(codec::hex_encode(md5("message digest")), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(Hash, HmacVectorsOfRfc4231) {
    EXPECT_EQ(codec::hex_encode(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(codec::hex_encode(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(
        codec::hex_encode(hmac_sha256(std::string(131, '\xaa'),
                                      "Test Using Larger Than Block-Size Key - Hash Key First")),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hash, StreamEqualsOneShotAndStartsAnew) {
    Sha256Stream stream;
    for (int round = 0; round < 2; ++round) {
        stream.add("a");
        stream.add("");
        stream.add("bc");
        EXPECT_EQ(stream.finish(), sha256("abc"));
    }
}

TEST(Secret, ComparesAndMoves) {
    Secret secret(std::string(100, 'k'));
    EXPECT_TRUE(secret.equals(std::string(100, 'k')));
    EXPECT_FALSE(secret.equals(std::string(99, 'k')));
    EXPECT_FALSE(secret.equals(std::string(99, 'k') + "l"));
    Secret copy = secret;
    Secret moved = std::move(secret);
    EXPECT_TRUE(secret.empty());  // NOLINT(bugprone-use-after-move): wiping is the promise
    EXPECT_EQ(moved, copy);
    copy = Secret("other");
    EXPECT_EQ(copy.reveal(), "other");
    EXPECT_NE(moved, copy);
}

TEST(Secret, WipesTheWholeBuffer) {
    std::string bytes(64, 'x');
    bytes.resize(3);
    const char* buffer = bytes.data();
    const std::size_t capacity = bytes.capacity();
    wipe(bytes);
    EXPECT_TRUE(bytes.empty());
    ASSERT_EQ(bytes.data(), buffer);
    bytes.resize(capacity);  // the same storage again, zero-filled or wiped
    EXPECT_EQ(bytes.find('x'), std::string::npos);
}

}  // namespace
}  // namespace qd::crypto
