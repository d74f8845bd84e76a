// Policies. Update, retention and row level security policies act; the others tune a cluster that
// is not there (shards, caches, merges): they are kept and shown, so that scripts run, and do
// nothing. Source: Kusto, "Policies overview".
#include "command_parts.h"
#include "command_tables.h"
#include "qd/base/time.h"
#include "qd/codec/json.h"
#include "qd/kql/printer.h"
#include "qd/query/query_service.h"

#include <algorithm>

namespace qd::query {

using columns::DataType;
using kql::Command;
using kql::CommandKind;
using workspace::TablePtr;

namespace {

struct PolicyKind {
    std::string_view word;
    std::string_view name;
    enum class Effect : std::uint8_t { Acts, Kept, Refused } effect = Effect::Kept;
};
using Effect = PolicyKind::Effect;

constexpr PolicyKind kKinds[] = {
    {"update", "UpdatePolicy", Effect::Acts},
    {"retention", "RetentionPolicy", Effect::Acts},
    {"row_level_security", "RowLevelSecurityPolicy", Effect::Acts},
    {"caching", "CachingPolicy"},
    {"ingestionbatching", "IngestionBatchingPolicy"},
    {"ingestiontime", "IngestionTimePolicy"},
    {"merge", "ExtentsMergePolicy"},
    {"sharding", "ShardingPolicy"},
    {"encoding", "EncodingPolicy"},
    {"partitioning", "PartitioningPolicy"},
    {"roworder", "RowOrderPolicy"},
    {"streamingingestion", "StreamingIngestionPolicy"},
    {"restricted_view_access", "RestrictedViewAccessPolicy", Effect::Refused},
    {"auto_delete", "AutoDeletePolicy", Effect::Refused},
};

/// What a policy command is about.
struct Subject {
    const PolicyKind* kind = nullptr;
    std::string entity_type;  // "table", "database", …
    std::string name;
    std::string entity;  // of the attribute
};

Result<Subject> subject_of(const Command& command, const CommandContext& context) {
    Subject out;
    for (const std::string& choice : command.choices) {
        for (const PolicyKind& kind : kKinds) {
            if (kind.word == choice && out.kind == nullptr) {
                out.kind = &kind;
            }
        }
        if (choice == "table" || choice == "database" || choice == "materialized-view" ||
            choice == "column") {
            out.entity_type = choice;
        }
    }
    if (out.kind == nullptr) {
        return Error(Code::Unimplemented, "QRY0020", "this policy is not served");
    }
    if (out.entity_type.empty()) {
        out.entity_type = "database";
    }
    out.name =
        command.names.empty() ? std::string(QueryService::kDatabase) : command.names.front().text;
    if (out.entity_type == "table") {
        if (out.name != "*" && context.workspace.find_table(out.name) == nullptr) {
            return Error(Code::NotFound, "SEM0100", "there is no table named '" + out.name + "'");
        }
        out.entity = table_entity(out.name);
    } else if (out.entity_type == "materialized-view") {
        if (!context.views.find(out.name)) {
            return Error(Code::NotFound, "QRY0043",
                         "there is no materialized view named " + out.name);
        }
        out.entity = "view/" + out.name;
    } else {
        out.entity = out.entity_type + "/" + out.name;
    }
    return out;
}

ResultRows policy_rows() {
    return ResultRows({{"PolicyName", DataType::String},
                       {"EntityName", DataType::String},
                       {"Policy", DataType::String},
                       {"ChildEntities", DataType::String},
                       {"EntityType", DataType::String}});
}

void add_policy(ResultRows& rows, const Subject& subject, const std::string& name,
                const std::string& text) {
    const std::string database = "[" + std::string(QueryService::kDatabase) + "]";
    const bool whole = subject.entity_type == "database";
    const std::string type = subject.entity_type == "table"      ? "Table"
                             : subject.entity_type == "database" ? "Database"
                             : subject.entity_type == "column"   ? "Column"
                                                                 : "MaterializedView";
    rows.add({subject.kind->name, whole ? database : database + ".[" + name + "]",
              text.empty() ? "null" : text, "", type});
}

std::string retention_text(std::uint32_t days, bool recoverable) {
    Object out;
    out.set("SoftDeletePeriod",
            format_ticks({std::int64_t{days == 0 ? 36'500 : days} * Ticks::kDay}));
    out.set("Recoverability", recoverable ? "Enabled" : "Disabled");
    return codec::to_json(Value(std::move(out)));
}

std::string shown_policy(const Subject& subject, const CommandContext& context,
                         const std::string& table) {
    const std::string entity =
        subject.entity_type == "table" ? table_entity(table) : subject.entity;
    auto kept =
        attribute_of(context.workspace, entity, "policy/" + std::string(subject.kind->word));
    if (kept) {
        return std::move(*kept);
    }
    if (subject.kind->word == "retention" && subject.entity_type == "table") {
        const TablePtr schema = context.workspace.find_table(table);
        return schema == nullptr ? "" : retention_text(schema->retention_days, true);
    }
    return "";
}

Result<kql::ResultTable> show_policy(const Command& command, const CommandContext& context) {
    QD_TRY(const Subject subject, subject_of(command, context));
    ResultRows rows = policy_rows();
    if (subject.entity_type != "table" || subject.name != "*") {
        add_policy(rows, subject, subject.name, shown_policy(subject, context, subject.name));
        return rows.finish();
    }
    for (const TablePtr& table : context.workspace.tables()) {
        const std::string text = shown_policy(subject, context, table->name);
        if (!text.empty()) {
            add_policy(rows, subject, table->name, text);
        }
    }
    return rows.finish();
}

/// Each rule's query must give columns the target has.
Status check_update_rules(const std::vector<UpdateRule>& rules, const Subject& subject,
                          const CommandContext& context) {
    const TablePtr target = context.workspace.find_table(subject.name);
    for (const UpdateRule& rule : rules) {
        if (context.workspace.find_table(rule.source) == nullptr) {
            return Error(Code::NotFound, "SEM0100",
                         "there is no table named '" + rule.source + "'");
        }
        if (rule.source == subject.name) {
            return Error(Code::InvalidArgument, "QRY0044",
                         "update policy: a table cannot be its own source");
        }
        QD_TRY(const columns::Schema schema, context.schema_of(rule.query));
        for (const columns::Field& field : schema.fields) {
            const workspace::ColumnInfo* column = target->find_column(field.name);
            if (column == nullptr || column->type != field.type) {
                return Error(Code::InvalidArgument, "QRY0044",
                             "update policy: the query's column is not one of the table: " +
                                 field.name + ":" + std::string(columns::type_name(field.type)));
            }
        }
    }
    return {};
}

Result<std::string> put_update(const Command& command, const Subject& subject,
                               const CommandContext& context) {
    QD_TRY(std::string text, value_text(command, 0));
    QD_TRY(std::vector<UpdateRule> rules, parse_update_policy(text));
    QD_CHECK_OK(check_update_rules(rules, subject, context));
    if (command.words.at(0) == "alter-merge") {
        // The rules that are there stay in front.
        const auto before = attribute_of(context.workspace, subject.entity, "policy/update");
        if (before) {
            QD_TRY(const Value old_rules, codec::parse_json(*before));
            QD_TRY(const Value new_rules, codec::parse_json(text));
            Array all = *old_rules.if_array();
            all.insert(all.end(), new_rules.if_array()->begin(), new_rules.if_array()->end());
            text = codec::to_json(Value(std::move(all)));
        }
    }
    return text;
}

/// `softdelete = 10d recoverability = disabled`, or the policy's JSON.
Result<std::string> put_retention(const Command& command, const Subject& subject,
                                  const CommandContext& context) {
    const Error unreadable(Code::InvalidArgument, "QRY0047",
                           "retention policy: SoftDeletePeriod must be a timespan of its own");
    if (subject.entity_type != "table") {
        return Error(Code::Unimplemented, "QRY0028",
                     "retention is set table by table; the server's configuration has the default");
    }
    std::optional<std::uint32_t> days;
    bool recoverable = true;
    if (command.properties.empty()) {
        QD_TRY(const std::string text, value_text(command, 0));
        QD_TRY(const Value policy, codec::parse_json(text));
        const Value* period = policy.get("SoftDeletePeriod");
        const Value* recovery = policy.get("Recoverability");
        days = retention_days(period == nullptr ? "" : period->string_or(""));
        recoverable = recovery == nullptr || recovery->string_or("Enabled") != "Disabled";
    }
    for (const kql::OperatorParameter& property : command.properties) {
        const auto* literal =
            property.value == nullptr ? nullptr : property.value->if_as<kql::Literal>();
        if (property.name.text == "softdelete" && literal != nullptr &&
            literal->value.type() == DataType::TimeSpan && !literal->value.is_null()) {
            days = retention_days(format_ticks({literal->value.as_int()}));
        } else if (property.name.text == "recoverability") {
            recoverable = kql::parameter_word(property) != "disabled";
        }
    }
    if (!days) {
        return unreadable;
    }
    QD_CHECK_OK(context.workspace.set_retention(subject.name, *days));
    return retention_text(*days, recoverable);
}

/// `enable|disable "query"`
Result<std::string> put_row_security(const Command& command, const Subject& subject,
                                     const CommandContext& context) {
    if (subject.entity_type != "table") {
        return Error(Code::Unimplemented, "QRY0028",
                     "row level security is set on tables; views take it from nowhere else");
    }
    RowSecurity security;
    security.enabled = command.has_choice("enable");
    QD_TRY(security.query, value_text(command, 0));
    const std::vector<std::string> views = context.views.on(subject.name);
    if (security.enabled && !views.empty()) {
        return Error(
            Code::FailedPrecondition, "QRY0026",
            "a materialized view is on this table and would show its rows: " + views.front());
    }
    QD_TRY(const columns::Schema schema, context.schema_of(security.query));
    const TablePtr table = context.workspace.find_table(subject.name);
    if (schema != table->schema()) {
        return Error(Code::InvalidArgument, "QRY0048",
                     "row level security: the query must give the table's own columns");
    }
    return row_security_text(security);
}

Result<std::string> put_kept(const Command& command) {
    if (!command.values.empty()) {
        return value_text(command, 0);
    }
    Object out;
    for (const kql::OperatorParameter& property : command.properties) {
        out.set(property.name.text,
                property.value == nullptr ? std::string() : kql::format_expr(*property.value));
    }
    return codec::to_json(Value(std::move(out)));
}

Result<kql::ResultTable> alter_policy(const Command& command, const CommandContext& context) {
    QD_TRY(const Subject subject, subject_of(command, context));
    if (subject.kind->effect == Effect::Refused) {
        return Error(Code::Unimplemented, "QRY0020",
                     "this policy is not served: " + std::string(subject.kind->word));
    }
    Result<std::string> text = std::string();
    if (subject.kind->word == "update") {
        text = put_update(command, subject, context);
    } else if (subject.kind->word == "retention") {
        text = put_retention(command, subject, context);
    } else if (subject.kind->word == "row_level_security") {
        text = put_row_security(command, subject, context);
    } else {
        text = put_kept(command);
    }
    if (!text.ok()) {
        return text.error();
    }
    QD_CHECK_OK(context.workspace.put_attributes(
        {{subject.entity, "policy/" + std::string(subject.kind->word), text.value()}}));
    context.updates.refresh();
    ResultRows rows = policy_rows();
    add_policy(rows, subject, subject.name, text.value());
    return rows.finish();
}

Result<kql::ResultTable> delete_policy(const Command& command, const CommandContext& context) {
    QD_TRY(const Subject subject, subject_of(command, context));
    QD_CHECK_OK(context.workspace.put_attributes(
        {{subject.entity, "policy/" + std::string(subject.kind->word), ""}}));
    context.updates.refresh();
    ResultRows rows = policy_rows();
    add_policy(rows, subject, subject.name, shown_policy(subject, context, subject.name));
    return rows.finish();
}

constexpr CommandEntry kEntries[] = {
    {CommandKind::ShowPolicy, show_policy},
    {CommandKind::AlterPolicy, alter_policy},
    {CommandKind::DeletePolicy, delete_policy},
};

}  // namespace

std::span<const CommandEntry> policy_commands() {
    return kEntries;
}

}  // namespace qd::query
