#include "qd/crypto/hash.h"

#include "functions/families.h"
#include "functions/row_kernels.h"
#include "qd/codec/base64.h"
#include "qd/columns/text.h"

#include <xxhash.h>

#include <string>

// Hashes. hash() is xxHash64 with seed 0 over the text's bytes, or over a number's eight bytes
// (that is what the documented values come out of); the cryptographic digests are over the text of
// the value, whatever its type. hash_many() and hash_combine() mix the 64-bit hashes; the engine's
// mixing is not published, so theirs differ in value. Source: kql.md a.5, the documentation.

namespace qd::kql {
namespace {

using columns::Column;

std::uint64_t hash_bytes(const void* data, std::size_t size) {
    return XXH64(data, size, 0);
}

std::uint64_t hash_cell(const Column& column, std::uint32_t row) {
    switch (column.type()) {
        case DataType::String:
        case DataType::Dynamic: {
            const std::string_view bytes = column.bytes_at(row);
            return hash_bytes(bytes.data(), bytes.size());
        }
        case DataType::Real: {
            const double value = column.real_at(row);
            return hash_bytes(&value, sizeof value);
        }
        case DataType::Decimal:
        case DataType::Guid: {
            const Wide value = column.wide_at(row);
            return hash_bytes(&value, sizeof value);
        }
        case DataType::Bool: {
            const auto value = static_cast<std::uint8_t>(column.int_at(row));
            return hash_bytes(&value, sizeof value);
        }
        case DataType::Int: {
            const auto value = static_cast<std::int32_t>(column.int_at(row));
            return hash_bytes(&value, sizeof value);
        }
        default: {
            const std::int64_t value = column.int_at(row);
            return hash_bytes(&value, sizeof value);
        }
    }
}

/// hash % mod, never negative.
std::optional<std::int64_t> reduce(std::uint64_t hash, std::int64_t mod) {
    if (mod <= 0) {
        return std::nullopt;
    }
    const std::int64_t rest = static_cast<std::int64_t>(hash) % mod;
    return rest < 0 ? rest + mod : rest;
}

Result<BoundCall> bind_hash(std::span<const Argument> args) {
    return bind_row("hash", args, {Accepts::NotDynamic, Accepts::Integer}, DataType::Long,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const std::uint64_t hash = hash_cell(*a[0], row);
                        if (a.size() < 2) {
                            out.append_int(static_cast<std::int64_t>(hash));
                        } else if (const auto rest = reduce(hash, a[1]->int_at(row))) {
                            out.append_int(*rest);
                        } else {
                            out.append_null();
                        }
                    });
}

std::uint64_t mix(std::uint64_t seed, std::uint64_t hash) {
    return seed ^ (hash + 0x9e3779b97f4a7c15U + (seed << 6U) + (seed >> 2U));
}

Result<BoundCall> bind_hash_many(std::span<const Argument> args) {
    return bind_row(
        "hash_many", args, {Accepts::NotDynamic}, DataType::Long,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            std::uint64_t all = 0;
            for (const ColumnPtr& arg : a) {
                all = mix(all, arg->is_null(row) ? 0 : hash_cell(*arg, row));
            }
            out.append_int(static_cast<std::int64_t>(all));
        },
        Nulls::Passed);
}

Result<BoundCall> bind_hash_combine(std::span<const Argument> args) {
    return bind_row("hash_combine", args, {Accepts::Integer}, DataType::Long,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        std::uint64_t all = 0;
                        for (const ColumnPtr& arg : a) {
                            all = mix(all, static_cast<std::uint64_t>(arg->int_at(row)));
                        }
                        out.append_int(static_cast<std::int64_t>(all));
                    });
}

template <std::string (*Digest)(std::string_view)>
Result<BoundCall> bind_digest(std::span<const Argument> args) {
    return bind_row("hash", args, {Accepts::NotDynamic}, DataType::String,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        std::string text;
                        columns::append_text(text, *a[0], row);
                        out.append_bytes(codec::hex_encode(Digest(text)));
                    });
}

constexpr ScalarFunction kFunctions[] = {
    {"hash", "hash(value:scalar [, mod:long]) : long", "A 64-bit hash, or its rest modulo mod.", 1,
     2, Naming::Anonymous, bind_hash},
    {"hash_xxhash64", "hash_xxhash64(value:scalar [, mod:long]) : long",
     "xxHash64 of the value, or its rest modulo mod.", 1, 2, Naming::Anonymous, bind_hash},
    {"hash_many", "hash_many(value:scalar, …) : long", "One hash of several values.", 1, 255,
     Naming::Anonymous, bind_hash_many},
    {"hash_combine", "hash_combine(hash:long, …) : long", "Combines several hashes.", 2, 255,
     Naming::Anonymous, bind_hash_combine},
    {"hash_md5", "hash_md5(value:scalar) : string", "MD5 of the value's text, in hexadecimal.", 1,
     1, Naming::Anonymous, bind_digest<crypto::md5>},
    {"hash_sha1", "hash_sha1(value:scalar) : string", "SHA-1 of the value's text, in hexadecimal.",
     1, 1, Naming::Anonymous, bind_digest<crypto::sha1>},
    {"hash_sha256", "hash_sha256(value:scalar) : string",
     "SHA-256 of the value's text, in hexadecimal.", 1, 1, Naming::Anonymous,
     bind_digest<crypto::sha256>},
};

}  // namespace

std::span<const ScalarFunction> hash_functions() {
    return kFunctions;
}

}  // namespace qd::kql
