// ipv4_lookup, ipv6_lookup: joins an address column with a table of networks.
//
// Networks are indexed by prefix length: one hash table from masked address to rows per length in
// use, so a row costs at most 33 (129) probes whatever the size of the table. All networks that
// contain the address match, the longest prefix first. ipv4_lookup answers the input's columns
// and then the table's, ipv6_lookup the other way round (both recorded).
#include "plugins/families.h"
#include "plugins/whole_table.h"
#include "qd/columns/compare.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>

namespace qd::kql {

namespace {

using columns::Field;
using columns::Schema;
using columns::Table;

// Addresses are 16 bytes; IPv4 ones are mapped behind ::ffff:, so lengths count from 96.
struct Address {
    Wide bits;
    int length = 128;
};

Wide masked(Wide bits, int length) {
    const auto keep = [](std::uint64_t word, int n) {
        return n <= 0 ? 0 : (n >= 64 ? word : word & ~(~std::uint64_t{0} >> n));
    };
    return {keep(bits.high, length), keep(bits.low, length - 64)};
}

std::optional<Address> parse_address(std::string_view text, bool v6) {
    const std::size_t slash = text.find('/');
    std::string host(text.substr(0, slash));
    Address address;
    int base = 0;
    unsigned char raw[16] = {};
    if (in_addr v4{}; inet_pton(AF_INET, host.c_str(), &v4) == 1) {
        raw[10] = raw[11] = 0xff;
        std::memcpy(raw + 12, &v4, 4);
        base = 96;
    } else if (!v6 || inet_pton(AF_INET6, host.c_str(), raw) != 1) {
        return std::nullopt;
    }
    for (int i = 0; i < 8; ++i) {
        address.bits.high = address.bits.high << 8 | raw[i];
        address.bits.low = address.bits.low << 8 | raw[8 + i];
    }
    if (slash != std::string_view::npos) {
        int length = 0;
        const std::string_view digits = text.substr(slash + 1);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), length);
        if (error != std::errc() || end != digits.data() + digits.size() || length < 0 ||
            length + base > 128) {
            return std::nullopt;
        }
        address.length = length + base;
    }
    return address;
}

struct WideHash {
    std::size_t operator()(const Wide& w) const {
        return static_cast<std::size_t>((w.high * 0x9e3779b97f4a7c15ULL ^ w.low) *
                                        0xff51afd7ed558ccdULL);
    }
};

class NetworkIndex {
  public:
    void add(const Address& network, std::uint32_t row) {
        by_length_[-network.length][masked(network.bits, network.length)].push_back(row);
    }
    // Rows of all networks around the address, longest prefix first.
    void find(const Address& address, std::vector<std::uint32_t>& rows) const {
        rows.clear();
        for (const auto& [negative, networks] : by_length_) {
            if (-negative > address.length) {
                continue;
            }
            const auto it = networks.find(masked(address.bits, -negative));
            if (it != networks.end()) {
                rows.insert(rows.end(), it->second.begin(), it->second.end());
            }
        }
    }

  private:
    std::map<int, std::unordered_map<Wide, std::vector<std::uint32_t>, WideHash>> by_length_;
};

struct LookupRule {
    const PluginArgument* table = nullptr;
    std::size_t source = 0;
    std::size_t network = 0;
    std::vector<std::pair<std::size_t, std::size_t>> extra;  // input column, table column
    bool unmatched = false;
};

Result<LookupRule> read_lookup(const PluginCall& call, std::string_view plugin) {
    const PluginArguments args(plugin, call);
    LookupRule rule;
    rule.table = args.at(0);
    if (rule.table == nullptr || rule.table->kind != PluginArgument::Kind::Table) {
        return args.fault(0, "a table");
    }
    QD_TRY(rule.source, args.column(1));
    const Schema& other = rule.table->table_schema;
    const PluginArgument* network = args.at(2);
    const auto at = network == nullptr ? std::nullopt : other.index_of(network->name);
    if (!at || other[*at].type != DataType::String ||
        call.input[rule.source].type != DataType::String) {
        return args.fault(2, "a string column of the lookup table");
    }
    rule.network = *at;
    const PluginArgument* flag = args.named("return_unmatched");
    for (std::size_t i = 3; i < args.positional(); ++i) {
        const PluginArgument* a = args.at(i);
        if (a->kind == PluginArgument::Kind::Constant) {
            flag = a;
            continue;
        }
        QD_TRY(const std::size_t column, args.column(i));
        const auto twin = other.index_of(a->name);
        if (!twin || other[*twin].type != call.input[column].type) {
            return args.fault(i, "a column of both tables");
        }
        rule.extra.emplace_back(column, *twin);
    }
    rule.unmatched = flag != nullptr && flag->constant.type() == DataType::Bool &&
                     !flag->constant.is_null() && flag->constant.as_bool();
    return rule;
}

// Fields of both tables; colliding names of the second get a number.
Schema joined_schema(const Schema& first, const Schema& second) {
    Schema schema = first;
    for (const Field& f : second.fields) {
        schema.fields.push_back({unique_name(schema, f.name), f.type});
    }
    return schema;
}

template <bool kV6>
Result<Schema> lookup_schema(const PluginCall& call) {
    QD_TRY(const LookupRule rule, read_lookup(call, kV6 ? "ipv6_lookup" : "ipv4_lookup"));
    return kV6 ? joined_schema(rule.table->table_schema, call.input)
               : joined_schema(call.input, rule.table->table_schema);
}

template <bool kV6>
Result<Table> run_lookup(const PluginCall& call, const EvalContext&, Table input) {
    QD_TRY(const LookupRule rule, read_lookup(call, kV6 ? "ipv6_lookup" : "ipv4_lookup"));
    QD_TRY(Schema schema, lookup_schema<kV6>(call));
    QD_TRY(const WholeTable left, whole_table(call.input, input));
    if (rule.table->table == nullptr) {
        return Error(Code::Internal, "KQL0604", "lookup: the second table has no rows yet");
    }
    QD_TRY(const WholeTable right, whole_table(rule.table->table_schema, *rule.table->table));
    NetworkIndex index;
    for (std::uint32_t row = 0; row < right.rows; ++row) {
        if (const auto network = parse_address(right.columns[rule.network]->bytes_at(row), kV6)) {
            index.add(*network, row);
        }
    }
    std::vector<std::uint32_t> left_rows;
    std::vector<std::uint32_t> right_rows;
    std::vector<std::uint32_t> found;
    for (std::uint32_t row = 0; row < left.rows; ++row) {
        found.clear();
        if (const auto address = parse_address(left.columns[rule.source]->bytes_at(row), kV6)) {
            index.find(*address, found);
        }
        std::erase_if(found, [&](std::uint32_t r) {
            return !std::all_of(rule.extra.begin(), rule.extra.end(), [&](const auto& pair) {
                return columns::equal_rows(*left.columns[pair.first], row,
                                           *right.columns[pair.second], r);
            });
        });
        if (found.empty() && rule.unmatched) {
            found.push_back(columns::kNoRow);
        }
        for (const std::uint32_t r : found) {
            left_rows.push_back(row);
            right_rows.push_back(r);
        }
    }
    std::vector<ColumnPtr> ours;
    for (const ColumnPtr& c : left.columns) {
        ours.push_back(columns::gather(c, left_rows));
    }
    std::vector<ColumnPtr> out;
    for (const ColumnPtr& c : right.columns) {
        out.push_back(columns::gather_or_null(c, right_rows));
    }
    out.insert(kV6 ? out.end() : out.begin(), ours.begin(), ours.end());
    return chunked(std::move(schema), out);
}

constexpr Plugin kLookups[] = {
    {"ipv4_lookup", "ipv4_lookup(table, address, network [, key, …] [, return_unmatched:bool])",
     "Rows of a table of networks that contain an address.", false, lookup_schema<false>,
     run_lookup<false>},
    {"ipv6_lookup", "ipv6_lookup(table, address, network [, return_unmatched:bool])",
     "Rows of a table of networks that contain an address, IPv6 or IPv4.", false,
     lookup_schema<true>, run_lookup<true>},
};

}  // namespace

std::span<const Plugin> lookup_plugins() {
    return kLookups;
}

}  // namespace qd::kql
