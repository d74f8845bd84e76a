#include "dynamic_bytes.h"
#include "functions/families.h"
#include "functions/row_kernels.h"
#include "functions/variant_order.h"

#include <string>
#include <unordered_set>

// Arrays as sets: first-seen order is kept, types count (2 is not "2"). Source: kql.md b.18.

namespace qd::kql {
namespace {

using Kind = VariantView::Kind;
using KeySet = std::unordered_set<std::string>;

KeySet keys_of(const VariantView& array) {
    KeySet keys;
    for (std::uint32_t i = 0; array.kind() == Kind::Array && i < array.size(); ++i) {
        keys.insert(element_key(array.element(i)));
    }
    return keys;
}

void append_array(ColumnBuilder& out, const ArrayBytes& array) {
    std::string bytes;
    array.append_to(bytes);
    out.append_bytes(bytes);
}

Result<BoundCall> bind_union(std::span<const Argument> args) {
    return bind_row(
        "set_union", args, {Accepts::Array}, DataType::Dynamic,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            KeySet seen;
            ArrayBytes all;
            bool any = false;
            for (const ColumnPtr& arg : a) {
                const VariantView array(arg->bytes_at(row));
                any = any || array.kind() == Kind::Array;
                for (std::uint32_t i = 0; array.kind() == Kind::Array && i < array.size(); ++i) {
                    if (seen.insert(element_key(array.element(i))).second) {
                        all.append(array.element(i).bytes());
                    }
                }
            }
            if (any) {
                append_array(out, all);
            } else {
                out.append_null();
            }
        },
        Nulls::Passed);
}

/// Elements of the first array that are in all (keep) or in none (!keep) of the others.
Result<BoundCall> bind_filtered(std::string_view name, std::span<const Argument> args, bool keep) {
    return bind_row(
        name, args, {Accepts::Array}, DataType::Dynamic,
        [keep](Args a, std::uint32_t row, ColumnBuilder& out) {
            const VariantView first = variant_at(a, 0, row);
            if (first.kind() != Kind::Array) {
                out.append_null();
                return;
            }
            std::vector<KeySet> others;
            for (std::size_t i = 1; i < a.size(); ++i) {
                others.push_back(keys_of(variant_at(a, i, row)));
            }
            KeySet seen;
            ArrayBytes result;
            for (std::uint32_t i = 0; i < first.size(); ++i) {
                std::string key = element_key(first.element(i));
                bool wanted = true;
                for (const KeySet& other : others) {
                    wanted = wanted && other.contains(key) == keep;
                }
                if (wanted && seen.insert(std::move(key)).second) {
                    result.append(first.element(i).bytes());
                }
            }
            append_array(out, result);
        },
        Nulls::Passed);
}

Result<BoundCall> bind_equals(std::span<const Argument> args) {
    return bind_row(
        "set_equals", args, {Accepts::Array}, DataType::Bool,
        [](Args a, std::uint32_t row, ColumnBuilder& out) {
            out.append_bool(keys_of(variant_at(a, 0, row)) == keys_of(variant_at(a, 1, row)));
        });
}

Result<BoundCall> bind_has_element(std::span<const Argument> args) {
    return bind_row("set_has_element", args, {Accepts::Array, Accepts::Any}, DataType::Bool,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const VariantView array = variant_at(a, 0, row);
                        if (array.kind() != Kind::Array) {
                            out.append_null();
                            return;
                        }
                        std::string wanted;
                        append_cell_as_variant(wanted, *a[1], row);
                        wanted = element_key(VariantView(wanted));
                        for (std::uint32_t i = 0; i < array.size(); ++i) {
                            if (element_key(array.element(i)) == wanted) {
                                out.append_bool(true);
                                return;
                            }
                        }
                        out.append_bool(false);
                    });
}

Result<BoundCall> bind_jaccard(std::span<const Argument> args) {
    return bind_row("jaccard_index", args, {Accepts::Array}, DataType::Real,
                    [](Args a, std::uint32_t row, ColumnBuilder& out) {
                        const KeySet left = keys_of(variant_at(a, 0, row));
                        const KeySet right = keys_of(variant_at(a, 1, row));
                        std::size_t both = 0;
                        for (const std::string& key : left) {
                            both += right.contains(key) ? 1U : 0U;
                        }
                        const std::size_t either = left.size() + right.size() - both;
                        out.append_real(static_cast<double>(both) / static_cast<double>(either));
                    });
}

using Arguments = std::span<const Argument>;

constexpr ScalarFunction kFunctions[] = {
    {"set_union", "set_union(array:dynamic, …) : dynamic", "The distinct elements of all arrays.",
     2, 64, Naming::Anonymous, bind_union},
    {"set_intersect", "set_intersect(array:dynamic, …) : dynamic",
     "The distinct elements that are in all arrays.", 2, 64, Naming::Anonymous,
     [](Arguments args) { return bind_filtered("set_intersect", args, true); }},
    {"set_difference", "set_difference(array:dynamic, …) : dynamic",
     "The distinct elements of the first array that are in none of the others.", 2, 64,
     Naming::Anonymous,
     [](Arguments args) { return bind_filtered("set_difference", args, false); }},
    {"set_equals", "set_equals(a:dynamic, b:dynamic) : bool",
     "Whether two arrays have the same elements.", 2, 2, Naming::Anonymous, bind_equals},
    {"set_has_element", "set_has_element(array:dynamic, value:scalar) : bool",
     "Whether an array holds a value.", 2, 2, Naming::Anonymous, bind_has_element},
    {"jaccard_index", "jaccard_index(a:dynamic, b:dynamic) : real",
     "Size of the intersection over size of the union.", 2, 2, Naming::Anonymous, bind_jaccard},
};

}  // namespace

std::span<const ScalarFunction> dynamic_set_functions() {
    return kFunctions;
}

}  // namespace qd::kql
