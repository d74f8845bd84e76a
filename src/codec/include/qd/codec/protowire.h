#pragma once

#include "qd/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace qd::codec {

/// Reads the fields of one protobuf message without copying. Usage:
///   while (reader.next()) { switch (reader.field()) { case 1: name = reader.bytes(); … } }
///   QD_CHECK_OK(reader.status());
/// A getter of the wrong wire type, a truncated field or a varint over ten bytes makes status()
/// fail and next() false; nothing throws or asserts. Unknown fields are skipped.
/// Source: protobuf encoding guide.
class ProtoReader {
  public:
    explicit ProtoReader(std::string_view message)
        : at_(message.data()), end_(at_ + message.size()) {}
    bool next();
    std::uint32_t field() const { return field_; }
    std::uint32_t wire_type() const { return wire_; }
    std::uint64_t varint();
    std::int64_t signed_varint() { return static_cast<std::int64_t>(varint()); }
    std::int64_t zigzag();
    std::uint64_t fixed64();
    std::uint32_t fixed32();
    double float64();
    std::string_view bytes();
    /// Errors: InvalidArgument COD0021.
    Status status() const;

  private:
    void fail() { failed_ = true; }
    bool read_varint(std::uint64_t& out);
    const char* at_;
    const char* end_;
    std::uint32_t field_ = 0;
    std::uint32_t wire_ = 0;
    std::uint64_t number_ = 0;
    std::string_view bytes_;
    bool failed_ = false;
};

/// Appends fields of a message to a string.
class ProtoWriter {
  public:
    void varint(std::uint32_t field, std::uint64_t value);
    void fixed64(std::uint32_t field, std::uint64_t value);
    void float64(std::uint32_t field, double value);
    void bytes(std::uint32_t field, std::string_view value);
    const std::string& message() const { return out_; }
    std::string take() { return std::move(out_); }

  private:
    void tag(std::uint32_t field, std::uint32_t wire);
    void raw_varint(std::uint64_t value);
    std::string out_;
};

}  // namespace qd::codec
