#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace qd::workspace::internal {

/// Appends little-endian numbers and length-prefixed bytes: footers, log records.
class ByteWriter {
  public:
    explicit ByteWriter(std::string& out) : out_(out) {}

    template <typename T>
        requires(std::is_arithmetic_v<T>)
    void fixed(T v) {
        char raw[sizeof(T)];
        std::memcpy(raw, &v, sizeof(T));
        out_.append(raw, sizeof(T));
    }
    /// LEB128.
    void varint(std::uint64_t v) {
        while (v >= 0x80) {
            out_.push_back(static_cast<char>(static_cast<unsigned char>(v | 0x80)));
            v >>= 7;
        }
        out_.push_back(static_cast<char>(v));
    }
    void bytes(std::string_view v) {
        varint(v.size());
        out_.append(v);
    }

  private:
    std::string& out_;
};

/// Reads what ByteWriter wrote. The first read past the end fails it for good: everything after
/// reads as zero and ok() is false, so callers check once at the end of each structure.
class ByteReader {
  public:
    explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

    bool ok() const { return ok_; }
    std::size_t remaining() const { return bytes_.size(); }

    template <typename T>
        requires(std::is_arithmetic_v<T>)
    T fixed() {
        T v{};
        if (bytes_.size() < sizeof(T)) {
            fail();
            return v;
        }
        std::memcpy(&v, bytes_.data(), sizeof(T));
        bytes_.remove_prefix(sizeof(T));
        return v;
    }
    std::uint64_t varint() {
        std::uint64_t v = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (bytes_.empty()) {
                break;
            }
            const auto byte = static_cast<unsigned char>(bytes_.front());
            bytes_.remove_prefix(1);
            v |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) {
                return v;
            }
        }
        fail();
        return 0;
    }
    std::string_view bytes() {
        const std::uint64_t size = varint();
        if (size > bytes_.size()) {
            fail();
            return {};
        }
        const std::string_view v = bytes_.substr(0, size);
        bytes_.remove_prefix(size);
        return v;
    }

  private:
    void fail() {
        ok_ = false;
        bytes_ = {};
    }
    std::string_view bytes_;
    bool ok_ = true;
};

}  // namespace qd::workspace::internal
