// Materialized views.
#include "command_parts.h"
#include "command_tables.h"
#include "qd/kql/printer.h"
#include "qd/query/query_service.h"

namespace qd::query {

using columns::DataType;
using kql::Command;
using kql::CommandKind;

namespace {

void add_view(ResultRows& rows, const ViewDefinition& view, const CommandContext& context) {
    const ViewHealth health = context.views.health(view.name);
    rows.add({view.name, view.source, view.query,
              health.last_run ? Value(format_timestamp(*health.last_run)) : Value(),
              health.last_run ? Value(format_timestamp(*health.last_run)) : Value(),
              health.last_error.empty() ? "Completed" : health.last_error,
              health.last_error.empty(), true, view.folder, view.doc, false, Value(), "", ""});
}

kql::ResultTable view_rows(const std::vector<ViewDefinition>& views,
                           const CommandContext& context) {
    ResultRows rows({{"Name", DataType::String},
                     {"SourceTable", DataType::String},
                     {"Query", DataType::String},
                     {"MaterializedTo", DataType::DateTime},
                     {"LastRun", DataType::DateTime},
                     {"LastRunResult", DataType::String},
                     {"IsHealthy", DataType::Bool},
                     {"IsEnabled", DataType::Bool},
                     {"Folder", DataType::String},
                     {"DocString", DataType::String},
                     {"AutoUpdateSchema", DataType::Bool},
                     {"EffectiveDateTime", DataType::DateTime},
                     {"Lookback", DataType::TimeSpan},
                     {"LookbackColumn", DataType::String}});
    for (const ViewDefinition& view : views) {
        add_view(rows, view, context);
    }
    return rows.finish();
}

Result<ViewDefinition> definition_of(const Command& command, const CommandContext& context) {
    ViewDefinition view{.name = command.names.at(0).text,
                        .source = command.names.at(1).text,
                        .query = command.body_text,
                        .folder = property_text(command, "folder"),
                        .doc = property_text(command, "docString"),
                        .from_sequence = 0,
                        .texts = {}};
    if (view.doc.empty()) {
        view.doc = property_text(command, "docstring");
    }
    if (command.has_choice("materialized-view")) {
        return Error(Code::Unimplemented, "QRY0040",
                     "materialized view: a view cannot be on another view");
    }
    const workspace::TablePtr source = context.workspace.find_table(view.source);
    if (source == nullptr || source->kind == workspace::TableKind::View) {
        return Error(Code::NotFound, "SEM0100", "there is no table named '" + view.source + "'");
    }
    if (row_security(context.workspace, view.source)) {
        return Error(Code::FailedPrecondition, "QRY0040",
                     "materialized view: its table has row level security");
    }
    QD_TRY(const columns::Schema schema, context.schema_of(view.query));
    QD_TRY(view.texts, take_view_apart(view.query, view.source, schema));
    if (!property_is_true(command, "backfill")) {
        QD_TRY(const auto snapshot, context.workspace.snapshot(view.source));
        view.from_sequence = snapshot->last_sequence();
    }
    return view;
}

Result<kql::ResultTable> put_view(const Command& command, const CommandContext& context) {
    const std::string& name = command.names.at(0).text;
    const auto known = context.views.find(name);
    if (known && command.has_choice("ifnotexists")) {
        return view_rows({*known}, context);
    }
    if (!known && command.kind == CommandKind::AlterMaterializedView) {
        return Error(Code::NotFound, "QRY0043", "there is no materialized view named " + name);
    }
    QD_TRY(ViewDefinition view, definition_of(command, context));
    QD_TRY(const columns::Schema states,
           context.schema_of(kql::format_name(view.source) + "\n" + view.texts.operators + "| " +
                             view.texts.partial));
    const bool replace = command.kind != CommandKind::CreateMaterializedView;
    QD_CHECK_OK(context.views.put(std::move(view), states, replace));
    return view_rows({*context.views.find(name)}, context);
}

Result<kql::ResultTable> drop_view(const Command& command, const CommandContext& context) {
    const std::string& name = command.names.at(0).text;
    if (!command.has_choice("ifexists") || context.views.find(name)) {
        QD_CHECK_OK(context.views.drop(name));
    }
    return view_rows(context.views.all(), context);
}

Result<kql::ResultTable> show_views(const Command& command, const CommandContext& context) {
    if (command.kind == CommandKind::ShowMaterializedViews) {
        return view_rows(context.views.all(), context);
    }
    const auto view = context.views.find(command.names.at(0).text);
    if (!view) {
        return Error(Code::NotFound, "QRY0043",
                     "there is no materialized view named " + command.names.at(0).text);
    }
    return view_rows({*view}, context);
}

constexpr CommandEntry kEntries[] = {
    {CommandKind::CreateMaterializedView, put_view},
    {CommandKind::CreateOrAlterMaterializedView, put_view},
    {CommandKind::AlterMaterializedView, put_view},
    {CommandKind::DropMaterializedView, drop_view},
    {CommandKind::ShowMaterializedViews, show_views},
    {CommandKind::ShowMaterializedView, show_views},
};

}  // namespace

std::span<const CommandEntry> view_commands() {
    return kEntries;
}

}  // namespace qd::query
