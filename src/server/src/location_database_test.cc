// A database of two networks, written byte by byte as the MaxMind DB format says.
#include "location_database.h"

#include "qd/codec/json.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <bit>
#include <filesystem>
#include <fstream>

namespace qd::server {
namespace {

/// Values of the data section. Source: MaxMind DB file format, "Data field format".
class Data {
  public:
    std::string bytes;
    void control(int type, std::size_t size) {
        const bool extended = type > 7;
        bytes +=
            static_cast<char>((extended ? 0 : type << 5) | static_cast<int>(size < 29 ? size : 29));
        if (extended) {
            bytes += static_cast<char>(type - 7);
        }
        if (size >= 29) {
            bytes += static_cast<char>(size - 29);
        }
    }
    void text(std::string_view value) {
        control(2, value.size());
        bytes += value;
    }
    void number(double value) {
        control(3, 8);
        put(std::bit_cast<std::uint64_t>(value), 8);
    }
    void whole(int type, std::uint64_t value, int width) {
        control(type, static_cast<std::size_t>(width));
        put(value, width);
    }
    void put(std::uint64_t value, int width) {
        for (int i = width - 1; i >= 0; --i) {
            bytes += static_cast<char>(value >> (8 * i));
        }
    }
};

void named(Data& data, std::string_view key, std::string_view english) {
    data.text(key);
    data.control(7, 1);
    data.text("names");
    data.control(7, 1);
    data.text("en");
    data.text(english);
}

std::string place(std::string_view country, std::string_view city, double lat, double lng) {
    Data data;
    data.control(7, city.empty() ? 1 : 4);
    named(data, "country", country);
    if (!city.empty()) {
        named(data, "city", city);
        data.text("subdivisions");
        data.control(11, 1);
        data.control(7, 1);
        data.text("names");
        data.control(7, 1);
        data.text("en");
        data.text("Florida");
        data.text("location");
        data.control(7, 2);
        data.text("latitude");
        data.number(lat);
        data.text("longitude");
        data.number(lng);
    }
    return data.bytes;
}

/// A tree of IPv6 networks, given as bits.
std::string database(const std::vector<std::pair<std::string, std::string>>& networks) {
    struct Node {
        std::uint32_t next[2] = {0, 0};  // 0: nothing; with the top bit a place
    };
    constexpr std::uint32_t kPlace = 0x80000000U;
    std::vector<Node> nodes(1);
    std::string places;
    for (const auto& [bits, data] : networks) {
        std::size_t at = 0;
        for (std::size_t i = 0; i + 1 < bits.size(); ++i) {
            std::uint32_t& next = nodes[at].next[bits[i] - '0'];
            if (next == 0) {
                const auto made = static_cast<std::uint32_t>(nodes.size());
                next = made;
                nodes.emplace_back();
                at = made;
            } else {
                at = next;
            }
        }
        nodes[at].next[bits.back() - '0'] = kPlace | static_cast<std::uint32_t>(places.size());
        places += data;
    }
    Data out;
    const auto count = static_cast<std::uint32_t>(nodes.size());
    for (const Node& node : nodes) {
        for (const std::uint32_t next : node.next) {
            out.put(next == 0              ? count
                    : (next & kPlace) != 0 ? (next & ~kPlace) + count + 16
                                           : next,
                    3);
        }
    }
    out.bytes += std::string(16, '\0') + places + "\xab\xcd\xefMaxMind.com";
    out.control(7, 9);
    out.text("node_count");
    out.whole(6, count, 4);
    out.text("record_size");
    out.whole(5, 24, 2);
    out.text("ip_version");
    out.whole(5, 6, 2);
    out.text("database_type");
    out.text("Test");
    out.text("languages");
    out.control(11, 1);
    out.text("en");
    out.text("binary_format_major_version");
    out.whole(5, 2, 2);
    out.text("binary_format_minor_version");
    out.whole(5, 0, 2);
    out.text("build_epoch");
    out.whole(9, 1'700'000'000, 8);
    out.text("description");
    out.control(7, 0);
    return out.bytes;
}

std::string bits_of(std::initializer_list<unsigned> bytes) {
    std::string out;
    for (const unsigned byte : bytes) {
        for (int i = 7; i >= 0; --i) {
            out += (byte >> i) & 1U ? '1' : '0';
        }
    }
    return out;
}

class LocationDatabaseTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = std::filesystem::temp_directory_path() / "qd_mmdb_XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        dir_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(dir_); }
    std::string write(const std::string& bytes) {
        const std::string path = dir_ + "/test.mmdb";
        std::ofstream(path, std::ios::binary) << bytes;
        return path;
    }
    std::string dir_;
};

TEST_F(LocationDatabaseTest, FindsNetworksOfBothKinds) {
    const auto book = LocationDatabase::open(
        write(database({{std::string(96, '0') + bits_of({20, 53, 203}),
                         place("United States", "Miami", 25.5, -80.25)},
                        {bits_of({0x2a, 0x03, 0x28, 0x80}), place("Ireland", "", 0, 0)}})));
    ASSERT_TRUE(book.ok()) << book.error().text();
    const auto json = [&](std::string_view address) {
        const auto found = book.value()->locate(address);
        return found ? codec::to_json(*found) : std::string("null");
    };
    EXPECT_EQ(json("20.53.203.50"),
              R"({"country":"United States","state":"Florida","city":"Miami","latitude":25.5,)"
              R"("longitude":-80.25})");
    EXPECT_EQ(json("2a03:2880:f12c:83:face:b00c::25de"), R"({"country":"Ireland"})");
    EXPECT_EQ(json("20.53.204.50"), "null");
    for (const std::string_view wrong : {"", "example.com", "1.2.3", "::1%eth0", "20.53.203.50 "}) {
        EXPECT_EQ(json(wrong), "null") << wrong;
    }
}

TEST_F(LocationDatabaseTest, RefusesOtherFiles) {
    EXPECT_EQ(LocationDatabase::open(write("not a database")).error().id(), "SRV0040");
    EXPECT_EQ(LocationDatabase::open(dir_ + "/nowhere").error().id(), "SRV0040");
}

}  // namespace
}  // namespace qd::server
