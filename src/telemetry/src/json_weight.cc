#include "json_weight.h"

namespace qd::telemetry {

std::uint64_t json_weight(std::string_view text) {
    constexpr std::uint64_t kValueBytes = 48;
    constexpr std::uint64_t kMemberBytes = 96;  // its key, and the index of large objects
    constexpr std::uint64_t kObjectBytes = 160;
    std::uint64_t values = 1;
    std::uint64_t objects = 0;
    std::uint64_t members = 0;
    bool in_text = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_text) {
            i += c == '\\' ? 1 : 0;
            in_text = c != '"';
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{') {
            ++objects;
        } else if (c == ':') {
            ++members;
        } else if (c == ',' || c == '[' || c == '\n') {
            ++values;
        }
    }
    return values * kValueBytes + members * kMemberBytes + objects * kObjectBytes;
}

Status check_json_weight(std::string_view text) {
    // Short texts cannot: each byte is at most one object.
    if (text.size() * 160 <= kDecodedBytesMax || json_weight(text) <= kDecodedBytesMax) {
        return ok_status();
    }
    return Error(Code::ResourceExhausted, "TEL0043",
                 "the request holds too many values: send it in smaller parts");
}

}  // namespace qd::telemetry
