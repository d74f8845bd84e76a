// buildschema: the least schema that admits all dynamic values seen. A node lists what occurred at
// its place: an object (by property), an array (one node for all elements, shown under
// `indexer`) and the primitive types; one alternative is shown as itself, several as an array.
// Depth is bounded: below kDepthMax everything is "dynamic".
#include "../constant_argument.h"
#include "../dynamic_bytes.h"
#include "families.h"
#include "qd/columns/variant.h"

#include <map>
#include <memory>
#include <set>
#include <utility>

namespace qd::kql {

namespace {

using columns::VariantView;
using Kind = VariantView::Kind;

constexpr int kDepthMax = 64;

struct SchemaNode {
    std::set<std::string_view> primitives;  // static names
    std::unique_ptr<std::map<std::string, SchemaNode, std::less<>>> properties;
    std::unique_ptr<SchemaNode> element;

    bool empty() const { return primitives.empty() && properties == nullptr && element == nullptr; }
};

std::string_view primitive_name(Kind kind) {
    switch (kind) {
        case Kind::Bool:
            return "bool";
        case Kind::Long:
            return "long";
        case Kind::Real:
        case Kind::BigNumber:
            return "double";
        case Kind::String:
            return "string";
        case Kind::DateTime:
            return "datetime";
        case Kind::TimeSpan:
            return "timespan";
        case Kind::Guid:
            return "guid";
        case Kind::Decimal:
            return "decimal";
        case Kind::Null:
        case Kind::Array:
        case Kind::Object:
            break;
    }
    return "dynamic";
}

void add(SchemaNode& node, VariantView value, int depth) {
    const Kind kind = value.kind();
    if (kind == Kind::Null) {
        return;
    }
    if ((kind != Kind::Object && kind != Kind::Array) || depth >= kDepthMax) {
        node.primitives.insert(depth >= kDepthMax ? "dynamic" : primitive_name(kind));
        return;
    }
    if (kind == Kind::Array) {
        if (node.element == nullptr) {
            node.element = std::make_unique<SchemaNode>();
        }
        for (std::uint32_t i = 0; i < value.size(); ++i) {
            add(*node.element, value.element(i), depth + 1);
        }
        return;
    }
    if (node.properties == nullptr) {
        node.properties = std::make_unique<std::map<std::string, SchemaNode, std::less<>>>();
    }
    for (std::uint32_t i = 0; i < value.size(); ++i) {
        auto it = node.properties->find(value.key(i));
        if (it == node.properties->end()) {
            it = node.properties->emplace(std::string(value.key(i)), SchemaNode()).first;
        }
        add(it->second, value.property_at(i), depth + 1);
    }
}

void merge_nodes(SchemaNode& into, SchemaNode& from) {
    into.primitives.insert(from.primitives.begin(), from.primitives.end());
    if (from.element != nullptr) {
        if (into.element == nullptr) {
            into.element = std::make_unique<SchemaNode>();
        }
        merge_nodes(*into.element, *from.element);
    }
    if (from.properties != nullptr) {
        if (into.properties == nullptr) {
            into.properties = std::make_unique<std::map<std::string, SchemaNode, std::less<>>>();
        }
        for (auto& [key, child] : *from.properties) {
            merge_nodes((*into.properties)[key], child);
        }
    }
}

std::string to_variant(const SchemaNode& node) {
    ArrayBytes alternatives;
    if (node.properties != nullptr) {
        BagBytes bag;
        for (const auto& [key, child] : *node.properties) {
            bag.append(key, to_variant(child));
        }
        bag.append_to(alternatives.bytes());
        alternatives.end_element();
    }
    if (node.element != nullptr) {
        BagBytes bag;
        bag.append("`indexer`", to_variant(*node.element));
        bag.append_to(alternatives.bytes());
        alternatives.end_element();
    }
    for (const std::string_view name : node.primitives) {
        append_variant_string(alternatives.bytes(), name);
        alternatives.end_element();
    }
    if (alternatives.size() == 1) {
        return std::string(alternatives.element(0));
    }
    std::string out;
    alternatives.append_to(out);
    return out;
}

class SchemaAggregator final : public Aggregator {
  public:
    void resize(std::uint32_t groups) override { nodes_.resize(groups); }
    Status update(std::span<const std::uint32_t> group_of_row,
                  std::span<const ColumnPtr> args) override {
        for (std::uint32_t i = 0; i < args[0]->size(); ++i) {
            if (!args[0]->is_null(i)) {
                add(nodes_[group_of_row[i]], VariantView(args[0]->bytes_at(i)), 0);
            }
        }
        return ok_status();
    }
    Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) override {
        auto& theirs = static_cast<SchemaAggregator&>(other).nodes_;
        for (std::size_t g = 0; g < theirs.size(); ++g) {
            if (mapping[g] == kNoGroup) {
                continue;
            }
            merge_nodes(nodes_[mapping[g]], theirs[g]);
        }
        return ok_status();
    }
    Result<std::vector<ColumnPtr>> finish() override {
        columns::ColumnBuilder out(DataType::Dynamic);
        for (const SchemaNode& node : nodes_) {
            if (node.empty()) {
                out.append_null();
            } else {
                out.append_bytes(to_variant(node));
            }
        }
        return std::vector<ColumnPtr>{out.finish()};
    }

  private:
    std::vector<SchemaNode> nodes_;
};

Result<BoundAggregate> bind_schema(std::span<const AggregateArgument> args) {
    if (args[0].value.type != DataType::Dynamic) {
        return argument_error("buildschema", "the argument must be dynamic", args[0].value.span);
    }
    BoundAggregate bound;
    bound.outputs = {{"", DataType::Dynamic}};
    bound.arg_types = {DataType::Dynamic};
    bound.make = [](const EvalContext&) {
        return std::unique_ptr<Aggregator>(std::make_unique<SchemaAggregator>());
    };
    return bound;
}

constexpr AggregateFunction kSchemas[] = {
    {"buildschema", "buildschema(x:dynamic) : dynamic",
     "The least schema that admits all values: types by property, arrays under `indexer`.", 1, 1,
     "schema", bind_schema},
};

}  // namespace

std::span<const AggregateFunction> schema_aggregates() {
    return kSchemas;
}

}  // namespace qd::kql
