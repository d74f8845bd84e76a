#include "qd/codec/protowire.h"

#include <bit>
#include <cstring>

namespace qd::codec {

namespace {
constexpr std::uint32_t kVarint = 0;
constexpr std::uint32_t kFixed64 = 1;
constexpr std::uint32_t kLengthDelimited = 2;
constexpr std::uint32_t kFixed32 = 5;
constexpr std::uint32_t kFieldMax = (1U << 29) - 1;
}  // namespace

bool ProtoReader::read_varint(std::uint64_t& out) {
    out = 0;
    for (unsigned shift = 0; shift < 70 && at_ != end_; shift += 7) {
        const auto byte = static_cast<std::uint8_t>(*at_++);
        if (shift == 63 && byte > 1) {
            return false;
        }
        out |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            return true;
        }
    }
    return false;
}

bool ProtoReader::next() {
    if (failed_ || at_ == end_) {
        return false;
    }
    std::uint64_t tag = 0;
    if (!read_varint(tag) || tag >> 3 == 0 || tag >> 3 > kFieldMax) {
        fail();
        return false;
    }
    field_ = static_cast<std::uint32_t>(tag >> 3);
    wire_ = static_cast<std::uint32_t>(tag & 7);
    std::uint64_t length = 0;
    switch (wire_) {
        case kVarint:
            failed_ = !read_varint(number_);
            break;
        case kFixed64:
            length = 8;
            break;
        case kFixed32:
            length = 4;
            break;
        case kLengthDelimited:
            failed_ = !read_varint(length);
            break;
        default:  // groups are long gone from the format
            fail();
    }
    if (failed_ || length > static_cast<std::uint64_t>(end_ - at_)) {
        fail();
        return false;
    }
    bytes_ = {at_, static_cast<std::size_t>(length)};
    at_ += length;
    return true;
}

std::uint64_t ProtoReader::varint() {
    if (wire_ != kVarint) {
        fail();
        return 0;
    }
    return number_;
}

std::int64_t ProtoReader::zigzag() {
    const std::uint64_t n = varint();
    return static_cast<std::int64_t>((n >> 1) ^ (0 - (n & 1)));
}

std::uint64_t ProtoReader::fixed64() {
    if (wire_ != kFixed64) {
        fail();
        return 0;
    }
    std::uint64_t out = 0;
    std::memcpy(&out, bytes_.data(), 8);
    return out;
}

std::uint32_t ProtoReader::fixed32() {
    if (wire_ != kFixed32) {
        fail();
        return 0;
    }
    std::uint32_t out = 0;
    std::memcpy(&out, bytes_.data(), 4);
    return out;
}

double ProtoReader::float64() {
    return std::bit_cast<double>(fixed64());
}

std::string_view ProtoReader::bytes() {
    if (wire_ != kLengthDelimited) {
        fail();
        return {};
    }
    return bytes_;
}

Status ProtoReader::status() const {
    if (failed_) {
        return Error(Code::InvalidArgument, "COD0021", "malformed protobuf message");
    }
    return ok_status();
}

void ProtoWriter::raw_varint(std::uint64_t value) {
    while (value >= 0x80) {
        out_ += static_cast<char>(value | 0x80);
        value >>= 7;
    }
    out_ += static_cast<char>(value);
}

void ProtoWriter::tag(std::uint32_t field, std::uint32_t wire) {
    raw_varint(static_cast<std::uint64_t>(field) << 3 | wire);
}

void ProtoWriter::varint(std::uint32_t field, std::uint64_t value) {
    tag(field, kVarint);
    raw_varint(value);
}

void ProtoWriter::fixed64(std::uint32_t field, std::uint64_t value) {
    tag(field, kFixed64);
    char bytes[8];
    std::memcpy(bytes, &value, 8);
    out_.append(bytes, 8);
}

void ProtoWriter::float64(std::uint32_t field, double value) {
    fixed64(field, std::bit_cast<std::uint64_t>(value));
}

void ProtoWriter::bytes(std::uint32_t field, std::string_view value) {
    tag(field, kLengthDelimited);
    raw_varint(value.size());
    out_ += value;
}

}  // namespace qd::codec
