#include "functions/families.h"
#include "functions/ip_address.h"
#include "functions/row_kernels.h"
#include "qd/columns/text.h"

#include <algorithm>
#include <bit>
#include <string>

// IP addresses in text: comparing, ranges, prefixes, finding them in longer text. A prefix written
// behind an address counts wherever an address is taken; of several the shortest decides. What is
// no address gives null. Source: kql.md a.5, the documentation's examples.

namespace qd::kql {
namespace {

using Kind = VariantView::Kind;
using Arguments = std::span<const Argument>;

void append_optional(ColumnBuilder& out, std::optional<std::int64_t> v) {
    if (v) {
        out.append_int(*v);
    } else {
        out.append_null();
    }
}
void append_optional_bool(ColumnBuilder& out, std::optional<bool> v) {
    if (v) {
        out.append_bool(*v);
    } else {
        out.append_null();
    }
}

std::optional<int> compare_v4(std::string_view a, std::string_view b, std::int64_t prefix) {
    const auto left = parse_ipv4(a);
    const auto right = parse_ipv4(b);
    if (!left || !right || prefix < 0 || prefix > 32) {
        return std::nullopt;
    }
    const int bits = std::min({left->prefix, right->prefix, static_cast<int>(prefix)});
    const std::uint32_t x = left->masked(bits);
    const std::uint32_t y = right->masked(bits);
    return x < y ? -1 : x > y ? 1 : 0;
}

std::optional<int> compare_v6(std::string_view a, std::string_view b, std::int64_t prefix) {
    const auto left = parse_ipv6(a);
    const auto right = parse_ipv6(b);
    if (!left || !right || prefix < 0 || prefix > 128) {
        return std::nullopt;
    }
    const int bits = std::min({left->prefix, right->prefix, static_cast<int>(prefix)});
    const auto x = left->masked(bits).bytes;
    const auto y = right->masked(bits).bytes;
    return x < y ? -1 : y < x ? 1 : 0;
}

/// The address lies in the range; the range's own prefix decides.
std::optional<bool> in_range_v4(std::string_view ip, std::string_view range) {
    const auto address = parse_ipv4(ip);
    const auto block = parse_ipv4(range);
    if (!address || !block) {
        return std::nullopt;
    }
    return address->masked(block->prefix) == block->masked(block->prefix);
}
std::optional<bool> in_range_v6(std::string_view ip, std::string_view range) {
    const auto address = parse_ipv6(ip);
    const auto block = parse_ipv6(range);
    if (!address || !block) {
        return std::nullopt;
    }
    return address->masked(block->prefix).bytes == block->masked(block->prefix).bytes;
}

using Compare = std::optional<int> (*)(std::string_view, std::string_view, std::int64_t);
using InRange = std::optional<bool> (*)(std::string_view, std::string_view);

template <Compare Function, int Widest>
Result<BoundCall> bind_compare(Arguments args) {
    return bind_row("ip_compare", args, {Accepts::Text, Accepts::Text, Accepts::Integer},
                    DataType::Long, [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto order = Function(text_at(a, 0, row), text_at(a, 1, row),
                                                    a.size() > 2 ? a[2]->int_at(row) : Widest);
                        append_optional(out,
                                        order ? std::optional<std::int64_t>(*order) : std::nullopt);
                    });
}

template <Compare Function, int Widest>
Result<BoundCall> bind_match(Arguments args) {
    return bind_row("ip_is_match", args, {Accepts::Text, Accepts::Text, Accepts::Integer},
                    DataType::Bool, [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto order = Function(text_at(a, 0, row), text_at(a, 1, row),
                                                    a.size() > 2 ? a[2]->int_at(row) : Widest);
                        append_optional_bool(out,
                                             order ? std::optional(*order == 0) : std::nullopt);
                    });
}

template <InRange Function>
Result<BoundCall> bind_in_range(Arguments args) {
    return bind_row("ip_is_in_range", args, {Accepts::Text, Accepts::Text}, DataType::Bool,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        append_optional_bool(out, Function(text_at(a, 0, row), text_at(a, 1, row)));
                    });
}

/// Texts of the arguments behind the first: each a string, or an array of strings.
template <typename Visit>
void visit_texts(Args a, std::uint32_t row, Visit visit) {
    for (std::size_t i = 1; i < a.size(); ++i) {
        if (a[i]->type() != DataType::Dynamic) {
            visit(a[i]->bytes_at(row));
            continue;
        }
        const VariantView list(a[i]->bytes_at(row));
        if (list.kind() == Kind::String) {
            visit(list.as_string());
        }
        for (std::uint32_t k = 0; list.kind() == Kind::Array && k < list.size(); ++k) {
            if (list.element(k).kind() == Kind::String) {
                visit(list.element(k).as_string());
            }
        }
    }
}

template <InRange Function>
Result<BoundCall> bind_in_any_range(Arguments args) {
    return bind_row("ip_is_in_any_range", args, {Accepts::Text, Accepts::StringOrDynamic},
                    DataType::Bool, [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        std::optional<bool> any;
                        visit_texts(a, row, [&](std::string_view range) {
                            const auto hit = Function(text_at(a, 0, row), range);
                            if (hit) {
                                any = any.value_or(false) || *hit;
                            }
                        });
                        append_optional_bool(out, any);
                    });
}

Result<BoundCall> bind_is_private(Arguments args) {
    return bind_row("ipv4_is_private", args, {Accepts::Text}, DataType::Bool,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto ip = parse_ipv4(text_at(a, 0, row));
                        append_optional_bool(
                            out, ip ? std::optional(is_private(ip->address)) : std::nullopt);
                    });
}

Result<BoundCall> bind_netmask_suffix(Arguments args) {
    return bind_row("ipv4_netmask_suffix", args, {Accepts::Text}, DataType::Long,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto ip = parse_ipv4(text_at(a, 0, row));
                        append_optional(
                            out, ip ? std::optional<std::int64_t>(ip->prefix) : std::nullopt);
                    });
}

Result<BoundCall> bind_parse_ipv4(Arguments args) {
    return bind_row(
        "parse_ipv4", args, {Accepts::Text, Accepts::Integer}, DataType::Long,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            const auto ip = parse_ipv4(text_at(a, 0, row));
            const std::int64_t mask = a.size() > 1 ? a[1]->int_at(row) : 32;
            if (!ip || mask < 0 || mask > 32) {
                out.append_null();
            } else {
                out.append_int(ip->masked(std::min(ip->prefix, static_cast<int>(mask))));
            }
        });
}

Result<BoundCall> bind_parse_ipv6(Arguments args) {
    return bind_row("parse_ipv6", args, {Accepts::Text, Accepts::Integer}, DataType::String,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto ip = parse_ipv6(text_at(a, 0, row));
                        const std::int64_t mask = a.size() > 1 ? a[1]->int_at(row) : 128;
                        if (!ip || mask < 0 || mask > 128) {
                            out.append_bytes({});
                            return;
                        }
                        const int bits = std::min(ip->prefix, static_cast<int>(mask));
                        out.append_bytes(format_ipv6(ip->masked(bits)));
                    });
}

/// The argument is text or the number of an address.
std::optional<Ipv4> address_argument(const columns::Column& column, std::uint32_t row) {
    if (column.type() == DataType::String) {
        return parse_ipv4(column.bytes_at(row));
    }
    const std::int64_t number = column.int_at(row);
    if (number < 0 || number > 0xFFFF'FFFF) {
        return std::nullopt;
    }
    return Ipv4{static_cast<std::uint32_t>(number), 32};
}

Result<BoundCall> bind_format_ipv4(std::string_view name, Arguments args, bool with_mask) {
    const bool text = columns::is_bytes(args[0].type);
    return bind_row(name, args, {text ? Accepts::Text : Accepts::Integer, Accepts::Integer},
                    DataType::String, [with_mask](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto ip = address_argument(*a[0], row);
                        const std::int64_t mask = a.size() > 1 ? a[1]->int_at(row) : 32;
                        if (!ip || mask < 0 || mask > 32) {
                            out.append_bytes({});
                            return;
                        }
                        const int bits = std::min(ip->prefix, static_cast<int>(mask));
                        std::string result = format_ipv4(ip->masked(bits));
                        if (with_mask) {
                            result += "/" + std::to_string(bits);
                        }
                        out.append_bytes(result);
                    });
}

Result<BoundCall> bind_range_to_cidr(Arguments args) {
    return bind_row("ipv4_range_to_cidr_list", args, {Accepts::Text, Accepts::Text},
                    DataType::Dynamic, [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const auto from = parse_ipv4(text_at(a, 0, row));
                        const auto to = parse_ipv4(text_at(a, 1, row));
                        if (!from || !to || from->address > to->address) {
                            out.append_null();
                            return;
                        }
                        Array blocks;
                        for (std::uint64_t at = from->address; at <= to->address;) {
                            // The largest block that begins here and does not pass the end.
                            int bits = at == 0 ? 32 : std::min(32, std::countr_zero(at));
                            while ((std::uint64_t{1} << bits) > to->address - at + 1) {
                                --bits;
                            }
                            blocks.emplace_back(format_ipv4(static_cast<std::uint32_t>(at)) + "/" +
                                                std::to_string(32 - bits));
                            at += std::uint64_t{1} << bits;
                        }
                        out.append_value(Value(std::move(blocks)));
                    });
}

bool is_word(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Whether the text holds the address (or, as_prefix, one that begins with it) with no letter,
/// digit or further octet around.
bool holds_ipv4(std::string_view text, std::string_view needle, bool as_prefix) {
    if (needle.empty() || (as_prefix && needle.back() != '.' && !parse_ipv4(needle))) {
        return false;
    }
    for (std::size_t at = text.find(needle); at != std::string_view::npos;
         at = text.find(needle, at + 1)) {
        if (at > 0 && (is_word(text[at - 1]) || text[at - 1] == '.')) {
            continue;
        }
        std::size_t end = at;
        while (end < text.size() && (text[end] == '.' || (text[end] >= '0' && text[end] <= '9'))) {
            ++end;
        }
        std::string_view found = text.substr(at, end - at);
        while (!found.empty() && found.back() == '.') {
            found.remove_suffix(1);
        }
        const bool bordered = at + found.size() == text.size() || !is_word(text[at + found.size()]);
        if (bordered && parse_ipv4(found) && (as_prefix || found == needle)) {
            return true;
        }
    }
    return false;
}

template <bool AsPrefix>
Result<BoundCall> bind_has_ipv4(Arguments args) {
    return bind_row("has_ipv4", args, {Accepts::Text, Accepts::StringOrDynamic}, DataType::Bool,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        bool any = false;
                        visit_texts(a, row, [&](std::string_view needle) {
                            any = any || holds_ipv4(text_at(a, 0, row), needle, AsPrefix);
                        });
                        out.append_bool(any);
                    });
}

Result<BoundCall> bind_geo_info(Arguments args) {
    return bind_kernel("geo_info_from_ip_address", args, {Accepts::Text}, DataType::Dynamic,
                       [](const EvalContext& context, Args a, std::uint32_t rows) {
                           ColumnBuilder out(DataType::Dynamic, rows);
                           for (std::uint32_t row = 0; row < rows; ++row) {
                               const auto place =
                                   context.catalog == nullptr
                                       ? std::nullopt
                                       : context.catalog->locate_address(text_at(a, 0, row));
                               if (place) {
                                   out.append_value(*place);
                               } else {
                                   out.append_null();
                               }
                           }
                           return Result<ColumnPtr>(out.finish());
                       });
}

constexpr ScalarFunction kFunctions[] = {
    {"ipv4_compare", "ipv4_compare(a:string, b:string [, prefix:long]) : long",
     "-1, 0 or 1: the order of two addresses under their shortest prefix.", 2, 3, Naming::Anonymous,
     bind_compare<compare_v4, 32>},
    {"ipv4_is_match", "ipv4_is_match(a:string, b:string [, prefix:long]) : bool",
     "Whether two addresses agree under their shortest prefix.", 2, 3, Naming::Anonymous,
     bind_match<compare_v4, 32>},
    {"ipv6_compare", "ipv6_compare(a:string, b:string [, prefix:long]) : long",
     "-1, 0 or 1: the order of two addresses under their shortest prefix.", 2, 3, Naming::Anonymous,
     bind_compare<compare_v6, 128>},
    {"ipv6_is_match", "ipv6_is_match(a:string, b:string [, prefix:long]) : bool",
     "Whether two addresses agree under their shortest prefix.", 2, 3, Naming::Anonymous,
     bind_match<compare_v6, 128>},
    {"ipv4_is_in_range", "ipv4_is_in_range(ip:string, range:string) : bool",
     "Whether an address lies in a block.", 2, 2, Naming::Anonymous, bind_in_range<in_range_v4>},
    {"ipv6_is_in_range", "ipv6_is_in_range(ip:string, range:string) : bool",
     "Whether an address lies in a block.", 2, 2, Naming::Anonymous, bind_in_range<in_range_v6>},
    {"ipv4_is_in_any_range", "ipv4_is_in_any_range(ip:string, range:string|dynamic, …) : bool",
     "Whether an address lies in one of several blocks.", 2, 255, Naming::Anonymous,
     bind_in_any_range<in_range_v4>},
    {"ipv6_is_in_any_range", "ipv6_is_in_any_range(ip:string, range:string|dynamic, …) : bool",
     "Whether an address lies in one of several blocks.", 2, 255, Naming::Anonymous,
     bind_in_any_range<in_range_v6>},
    {"ipv4_is_private", "ipv4_is_private(ip:string) : bool",
     "Whether an address is one of RFC 1918's.", 1, 1, Naming::Anonymous, bind_is_private},
    {"ipv4_netmask_suffix", "ipv4_netmask_suffix(ip:string) : long",
     "The length of the prefix, 32 when none is written.", 1, 1, Naming::Anonymous,
     bind_netmask_suffix},
    {"ipv4_range_to_cidr_list", "ipv4_range_to_cidr_list(start:string, end:string) : dynamic",
     "The blocks that make up a range of addresses.", 2, 2, Naming::Anonymous, bind_range_to_cidr},
    {"parse_ipv4", "parse_ipv4(ip:string) : long", "An address as a number.", 1, 1,
     Naming::Anonymous, bind_parse_ipv4},
    {"parse_ipv4_mask", "parse_ipv4_mask(ip:string, prefix:long) : long",
     "An address under a prefix as a number.", 2, 2, Naming::Anonymous, bind_parse_ipv4},
    {"parse_ipv6", "parse_ipv6(ip:string) : string", "An address with all groups written out.", 1,
     1, Naming::Anonymous, bind_parse_ipv6},
    {"parse_ipv6_mask", "parse_ipv6_mask(ip:string, prefix:long) : string",
     "An address under a prefix with all groups written out.", 2, 2, Naming::Anonymous,
     bind_parse_ipv6},
    {"format_ipv4", "format_ipv4(ip:string|long [, prefix:long]) : string",
     "An address under a prefix.", 1, 2, Naming::Anonymous,
     [](Arguments args) { return bind_format_ipv4("format_ipv4", args, false); }},
    {"format_ipv4_mask", "format_ipv4_mask(ip:string|long [, prefix:long]) : string",
     "An address under a prefix, with the prefix.", 1, 2, Naming::Anonymous,
     [](Arguments args) { return bind_format_ipv4("format_ipv4_mask", args, true); }},
    {"has_ipv4", "has_ipv4(text:string, ip:string) : bool", "Whether a text holds an address.", 2,
     2, Naming::Anonymous, bind_has_ipv4<false>},
    {"has_any_ipv4", "has_any_ipv4(text:string, ip:string|dynamic, …) : bool",
     "Whether a text holds one of several addresses.", 2, 255, Naming::Anonymous,
     bind_has_ipv4<false>},
    {"has_ipv4_prefix", "has_ipv4_prefix(text:string, prefix:string) : bool",
     "Whether a text holds an address that begins with the prefix (which ends with a dot).", 2, 2,
     Naming::Anonymous, bind_has_ipv4<true>},
    {"has_any_ipv4_prefix", "has_any_ipv4_prefix(text:string, prefix:string|dynamic, …) : bool",
     "Whether a text holds an address that begins with one of several prefixes.", 2, 255,
     Naming::Anonymous, bind_has_ipv4<true>},
    {"geo_info_from_ip_address", "geo_info_from_ip_address(ip:string) : dynamic",
     "Where an address is, by the location database of the server's configuration; null without.",
     1, 1, Naming::Anonymous, bind_geo_info},
};

}  // namespace

std::span<const ScalarFunction> network_functions() {
    return kFunctions;
}

}  // namespace qd::kql
