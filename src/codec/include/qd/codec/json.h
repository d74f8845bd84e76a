#pragma once

#include "qd/base/result.h"
#include "qd/codec/value.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace qd::codec {

struct JsonLimits {
    std::size_t depth_max = 512;
};

/// One JSON document (RFC 8259), nothing but white space around it. Strings must be valid UTF-8;
/// integers beyond int64 and numbers out of double's range are kept as Value::BigNumber. Of a
/// duplicate key the last value wins, at the place of the first. An escaped lone surrogate reads
/// as U+FFFD.
/// Errors: InvalidArgument COD0001 with the byte offset, COD0002 too deep. Source: RFC 8259.
Result<Value> parse_json(std::string_view text, JsonLimits limits = {});

/// Minified; integers exact, doubles shortest round-trip with ".0" kept on integral values
/// (that is how Kusto and .NET print them); NaN and infinities as the strings "NaN",
/// "Infinity", "-Infinity"; Timestamp, Ticks, Guid, Decimal as text.
std::string to_json(const Value& value);
void append_json(std::string& out, const Value& value);
/// Two-space indented, for people.
std::string to_pretty_json(const Value& value);

/// Appends the text in quotes with JSON escapes; malformed UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);
/// The form to_json uses, of a finite number: the fewest digits that read back the same, without
/// exponent from 1e-5 to 1e17: "1.0", "0.1", "100000.0", "1e+20", "1e-07".
void append_json_double(std::string& out, double value);

}  // namespace qd::codec
