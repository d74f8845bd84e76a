#include "materialized_views.h"

#include "qd/codec/json.h"
#include "qd/kql/printer.h"

#include <algorithm>
#include <numeric>

namespace qd::query {

namespace {

constexpr std::string_view kDefinition = "definition";
constexpr std::string_view kUpTo = "up_to";
constexpr std::string_view kTablePrefix = "$view/";
/// States are merged when there are this many more than after the last time.
constexpr std::uint64_t kCompactMin = 20'000;

std::string entity_of(std::string_view view) {
    return "view/" + std::string(view);
}

std::string text_of(const Value& value, std::string_view member) {
    const Value* found = value.get(member);
    return std::string(found == nullptr ? "" : found->string_or(""));
}

std::string to_text(const ViewDefinition& view) {
    Object out;
    out.set("name", view.name);
    out.set("source", view.source);
    out.set("query", view.query);
    out.set("folder", view.folder);
    out.set("doc", view.doc);
    out.set("from", static_cast<std::int64_t>(view.from_sequence));
    out.set("operators", view.texts.operators);
    out.set("partial", view.texts.partial);
    out.set("merge", view.texts.merge);
    out.set("result", view.texts.result);
    out.set("columns", view.texts.columns);
    return codec::to_json(Value(std::move(out)));
}

std::optional<ViewDefinition> from_text(const std::string& text) {
    const auto value = codec::parse_json(text);
    if (!value.ok()) {
        return std::nullopt;
    }
    ViewDefinition view;
    view.name = text_of(value.value(), "name");
    view.source = text_of(value.value(), "source");
    view.query = text_of(value.value(), "query");
    view.folder = text_of(value.value(), "folder");
    view.doc = text_of(value.value(), "doc");
    const Value* from = value.value().get("from");
    view.from_sequence = static_cast<std::uint64_t>(from == nullptr ? 0 : from->int_or(0));
    view.texts = {.operators = text_of(value.value(), "operators"),
                  .partial = text_of(value.value(), "partial"),
                  .merge = text_of(value.value(), "merge"),
                  .result = text_of(value.value(), "result"),
                  .columns = text_of(value.value(), "columns")};
    return view;
}

/// The source's rows behind a sequence, as states.
std::string partial_text(const ViewDefinition& view, std::uint64_t up_to) {
    const std::uint64_t first = (up_to + 1) << static_cast<unsigned>(workspace::kRowIdShift);
    return kql::format_name(view.source) + "\n| where " + std::string(workspace::kRowId) +
           " >= " + std::to_string(first) + "\n" + view.texts.operators + "| " + view.texts.partial;
}

}  // namespace

std::string MaterializedViews::table_of(std::string_view view) {
    return std::string(kTablePrefix) + std::string(view);
}

bool MaterializedViews::is_state_table(std::string_view table) {
    return table.starts_with(kTablePrefix);
}

std::vector<ViewDefinition> MaterializedViews::all() const {
    std::vector<ViewDefinition> out;
    for (const workspace::Attribute& one : workspace_.attributes("view/")) {
        if (one.key == kDefinition) {
            if (auto view = from_text(one.value)) {
                out.push_back(std::move(*view));
            }
        }
    }
    return out;
}

std::optional<ViewDefinition> MaterializedViews::find(std::string_view name) const {
    for (const workspace::Attribute& one : workspace_.attributes(entity_of(name))) {
        if (one.key == kDefinition) {
            return from_text(one.value);
        }
    }
    return std::nullopt;
}

ViewHealth MaterializedViews::health(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto at = health_.find(name);
    return at == health_.end() ? ViewHealth() : at->second;
}

std::vector<std::string> MaterializedViews::on(std::string_view source) const {
    std::vector<std::string> out;
    for (const ViewDefinition& view : all()) {
        if (view.source == source) {
            out.push_back(view.name);
        }
    }
    return out;
}

Status MaterializedViews::put(ViewDefinition definition, const columns::Schema& states,
                              bool replace) {
    const std::optional<ViewDefinition> known = find(definition.name);
    if (known && !replace) {
        return Error(Code::AlreadyExists, "QRY0041",
                     "there is a materialized view of that name: " + definition.name);
    }
    const std::string table_name = table_of(definition.name);
    if (known) {
        columns::Schema kept;
        for (const columns::Field& field : workspace_.find_table(table_name)->schema().fields) {
            if (field.name != workspace::kTimeGenerated && field.name != kUpTo) {
                kept.fields.push_back(field);
            }
        }
        if (known->source != definition.source || kept != states ||
            known->texts.merge != definition.texts.merge) {
            return Error(Code::InvalidArgument, "QRY0042",
                         "the view keeps other states than that; drop it and make it anew: " +
                             definition.name);
        }
        definition.from_sequence = known->from_sequence;
    } else {
        if (workspace_.find_table(definition.name) != nullptr) {
            return Error(Code::AlreadyExists, "QRY0041",
                         "there is a table of that name: " + definition.name);
        }
        workspace::TableSchema table;
        table.name = table_name;
        table.description = "States of the materialized view " + definition.name;
        for (const columns::Field& field : states.fields) {
            table.columns.push_back({.name = field.name, .type = field.type, .expression = ""});
        }
        table.columns.push_back(
            {.name = std::string(kUpTo), .type = columns::DataType::Long, .expression = ""});
        // A crash may have left one that no definition names.
        if (workspace_.find_table(table_name) != nullptr) {
            QD_CHECK_OK(workspace_.drop_table(table_name));
        }
        QD_CHECK_OK(workspace_.create_table(table));
        QD_CHECK_OK(workspace_.set_retention(table_name, 0));
    }
    return workspace_.put_attributes(
        {{entity_of(definition.name), std::string(kDefinition), to_text(definition)}});
}

Status MaterializedViews::drop(std::string_view name) {
    if (!find(name)) {
        return Error(Code::NotFound, "QRY0043",
                     "there is no materialized view named " + std::string(name));
    }
    const std::lock_guard maintaining(maintain_mutex_);
    QD_CHECK_OK(workspace_.put_attributes({{entity_of(name), std::string(kDefinition), ""}}));
    const std::lock_guard lock(mutex_);
    health_.erase(std::string(name));
    return workspace_.drop_table(table_of(name));
}

std::string MaterializedViews::whole_text(const ViewDefinition& view, std::uint64_t up_to) {
    return "union (" + kql::format_name(table_of(view.name)) + " | project " + view.texts.columns +
           "),\n(" + partial_text(view, up_to) + ")\n| " + view.texts.merge + "\n| " +
           view.texts.result;
}

std::string MaterializedViews::materialized_text(const ViewDefinition& view) {
    return kql::format_name(table_of(view.name)) + " | " + view.texts.merge + "\n| " +
           view.texts.result;
}

Result<std::uint64_t> MaterializedViews::reaches(const ViewDefinition& view,
                                                 const workspace::Snapshot& states) const {
    workspace::ScanOptions options;
    options.columns = {std::string(kUpTo)};
    QD_TRY(const auto morsels, states.scan(options));
    std::int64_t latest = static_cast<std::int64_t>(view.from_sequence);
    const std::size_t wanted = 0;
    for (const auto& morsel : morsels) {
        QD_TRY(const workspace::MorselCandidates rows, morsel->candidates());
        QD_TRY(const columns::Chunk chunk, morsel->read(std::span(&wanted, 1), rows.rows));
        for (std::uint32_t i = 0; i < chunk.rows; ++i) {
            latest = std::max(latest, chunk.columns[0]->int_at(i));
        }
    }
    return static_cast<std::uint64_t>(latest);
}

std::size_t MaterializedViews::maintain(const Run& run) {
    const std::lock_guard maintaining(maintain_mutex_);
    std::size_t failed = 0;
    for (const ViewDefinition& view : all()) {
        const Status status = bring_up_to_date(view, run);
        failed += status.ok() ? 0U : 1U;
        const std::lock_guard lock(mutex_);
        ViewHealth& health = health_[view.name];
        health.last_run = clock_.utc();
        health.last_error = status.ok() ? "" : status.error().text();
    }
    return failed;
}

Status MaterializedViews::bring_up_to_date(const ViewDefinition& view, const Run& run) {
    QD_TRY(const auto states, workspace_.snapshot(table_of(view.name)));
    QD_TRY(std::uint64_t up_to, reaches(view, *states));
    up_to = std::max(up_to, health(view.name).up_to);
    QD_TRY(const auto source, workspace_.snapshot(view.source));
    const std::uint64_t latest = source->last_sequence();
    if (latest <= up_to) {
        return {};
    }
    // Rows that come while this runs are left for the next round.
    const std::uint64_t end = (latest + 1) << static_cast<unsigned>(workspace::kRowIdShift);
    ViewDefinition bounded = view;
    bounded.texts.operators = "| where " + std::string(workspace::kRowId) + " < " +
                              std::to_string(end) + "\n" + view.texts.operators;
    QD_TRY(kql::QueryResult result,
           run(partial_text(bounded, up_to) + "\n| extend " + std::string(kUpTo) + " = long(" +
               std::to_string(latest) + ")"));
    kql::ResultTable& rows = result.tables.at(0);
    const std::uint64_t count = rows.rows();
    if (count > 0) {
        QD_CHECK_OK(workspace_.append_and_wait(
            table_of(view.name),
            columns::Table{.schema = rows.schema, .chunks = std::move(rows.chunks)}));
    }
    {
        const std::lock_guard lock(mutex_);
        health_[view.name].up_to = latest;
    }
    const std::uint64_t held = states->rows() + count;
    if (held > kCompactMin + 2 * compacted_rows_[view.name]) {
        return compact(view, latest, run);
    }
    return {};
}

Status MaterializedViews::compact(const ViewDefinition& view, std::uint64_t up_to, const Run& run) {
    QD_TRY(kql::QueryResult result,
           run(kql::format_name(table_of(view.name)) + " | " + view.texts.merge + " | extend " +
               std::string(kUpTo) + " = long(" + std::to_string(up_to) + ")"));
    kql::ResultTable& rows = result.tables.at(0);
    compacted_rows_[view.name] = rows.rows();
    return workspace_.replace_rows(
        table_of(view.name),
        columns::Table{.schema = rows.schema, .chunks = std::move(rows.chunks)});
}

}  // namespace qd::query
