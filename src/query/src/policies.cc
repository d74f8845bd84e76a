#include "policies.h"

#include "qd/base/time.h"
#include "qd/codec/json.h"

#include <algorithm>

namespace qd::query {

namespace {

using columns::Column;
using columns::ColumnPtr;
using columns::Scalar;

constexpr std::size_t kFailuresMax = 1'000;

Error bad_policy(std::string why) {
    return Error(Code::InvalidArgument, "QRY0044", "update policy: " + std::move(why));
}

bool flag(const Value& object, std::string_view name, bool otherwise) {
    const Value* found = object.get(name);
    return found == nullptr ? otherwise : found->bool_or(otherwise);
}

std::optional<std::string> policy_text(const workspace::Workspace& workspace,
                                       std::string_view table, std::string_view kind) {
    const std::string key = "policy/" + std::string(kind);
    for (workspace::Attribute& one : workspace.attributes("table/" + std::string(table))) {
        if (one.key == key) {
            return std::move(one.value);
        }
    }
    return std::nullopt;
}

/// The rows with every column the table has.
columns::Table completed(const workspace::TableSchema& table, const columns::Table& rows,
                         Timestamp now) {
    columns::Table out{.schema = table.schema(), .chunks = {}};
    for (const columns::Chunk& chunk : rows.chunks) {
        columns::Chunk one;
        one.rows = chunk.rows;
        for (const columns::Field& field : out.schema.fields) {
            const auto at = rows.schema.index_of(field.name);
            if (at) {
                one.columns.push_back(chunk.columns[*at]);
            } else if (field.name == workspace::kTimeGenerated) {
                one.columns.push_back(
                    Column::make_constant(Scalar::of_datetime(now.ticks), chunk.rows));
            } else {
                one.columns.push_back(
                    Column::make_constant(Scalar::null_of(field.type), chunk.rows));
            }
        }
        out.chunks.push_back(std::move(one));
    }
    return out;
}

}  // namespace

Result<std::vector<UpdateRule>> parse_update_policy(std::string_view json) {
    const auto value = codec::parse_json(json);
    if (!value.ok()) {
        return bad_policy(value.error().message());
    }
    const Array* items = value.value().if_array();
    if (items == nullptr) {
        return bad_policy("an array of objects is expected");
    }
    std::vector<UpdateRule> out;
    for (const Value& item : *items) {
        const Value* source = item.get("Source");
        const Value* query = item.get("Query");
        if (source == nullptr || query == nullptr || source->string_or("").empty() ||
            query->string_or("").empty()) {
            return bad_policy("each entry needs Source and Query");
        }
        out.push_back({.source = std::string(source->string_or("")),
                       .query = std::string(query->string_or("")),
                       .enabled = flag(item, "IsEnabled", true),
                       .transactional = flag(item, "IsTransactional", false)});
    }
    return out;
}

std::optional<RowSecurity> row_security(const workspace::Workspace& workspace,
                                        std::string_view table) {
    const auto text = policy_text(workspace, table, "row_level_security");
    if (!text) {
        return std::nullopt;
    }
    const auto value = codec::parse_json(*text);
    if (!value.ok()) {
        return std::nullopt;
    }
    const Value* query = value.value().get("Query");
    RowSecurity out{.enabled = flag(value.value(), "IsEnabled", false),
                    .query = std::string(query == nullptr ? "" : query->string_or(""))};
    return out.enabled ? std::optional(std::move(out)) : std::nullopt;
}

std::string row_security_text(const RowSecurity& security) {
    Object out;
    out.set("IsEnabled", security.enabled);
    out.set("Query", security.query);
    return codec::to_json(Value(std::move(out)));
}

std::optional<std::uint32_t> retention_days(std::string_view soft_delete_period) {
    const auto period = parse_ticks(soft_delete_period);
    if (!period || period->count <= 0) {
        return std::nullopt;
    }
    const std::int64_t days = (period->count + Ticks::kDay - 1) / Ticks::kDay;
    constexpr std::int64_t kForEver = 36'500;  // what the service writes for "no limit"
    return days >= kForEver ? 0 : static_cast<std::uint32_t>(days);
}

UpdatePolicies::UpdatePolicies(workspace::Workspace& workspace, Clock& clock, Run run)
    : workspace_(workspace), clock_(clock), run_(std::move(run)) {
    refresh();
}

void UpdatePolicies::refresh() {
    auto next = std::make_shared<Targets>();
    for (const workspace::Attribute& one : workspace_.attributes("table/")) {
        if (one.key != "policy/update") {
            continue;
        }
        auto rules = parse_update_policy(one.value);
        if (!rules.ok()) {
            continue;  // it was checked when it was put
        }
        for (UpdateRule& rule : rules.value()) {
            if (rule.enabled) {
                next->push_back({.table = one.entity.substr(std::string_view("table/").size()),
                                 .rule = std::move(rule)});
            }
        }
    }
    const std::lock_guard lock(mutex_);
    targets_ = std::move(next);
}

std::shared_ptr<const UpdatePolicies::Targets> UpdatePolicies::targets() const {
    const std::lock_guard lock(mutex_);
    return targets_;
}

bool UpdatePolicies::applies_to(std::string_view table) const {
    const auto held = targets();
    return std::any_of(held->begin(), held->end(),
                       [&](const Target& target) { return target.rule.source == table; });
}

Result<std::vector<workspace::TableRows>> UpdatePolicies::derive(
    const workspace::TableSchema& table, const columns::Table& rows) {
    std::vector<workspace::TableRows> out;
    const auto held = targets();
    for (const Target& target : *held) {
        if (target.rule.source != table.name) {
            continue;
        }
        auto result = run_(target.rule.query, table.name, completed(table, rows, clock_.utc()));
        Status outcome;
        if (!result.ok()) {
            outcome = result.error();
        } else if (result.value().tables.size() != 1) {
            outcome = bad_policy("the query must have exactly one result");
        }
        if (outcome.ok()) {
            kql::ResultTable& made = result.value().tables.front();
            out.push_back({.table = target.table,
                           .rows = {.schema = made.schema, .chunks = std::move(made.chunks)}});
            continue;
        }
        note_failure({.at = clock_.utc(),
                      .table = target.table,
                      .details = outcome.error().message(),
                      .code = outcome.error().id(),
                      .from_update_policy = true});
        if (target.rule.transactional) {
            return Error(Code::FailedPrecondition, "QRY0045",
                         "the update policy of " + target.table +
                             " failed and the rows were not taken: " + outcome.error().message());
        }
    }
    return out;
}

std::vector<IngestFailure> UpdatePolicies::failures() const {
    const std::lock_guard lock(mutex_);
    return {failures_.rbegin(), failures_.rend()};
}

void UpdatePolicies::note_failure(IngestFailure failure) {
    const std::lock_guard lock(mutex_);
    if (failures_.size() == kFailuresMax) {
        failures_.erase(failures_.begin());
    }
    failures_.push_back(std::move(failure));
}

}  // namespace qd::query
