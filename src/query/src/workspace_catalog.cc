#include "workspace_catalog.h"

#include "policies.h"
#include "qd/base/files.h"
#include "qd/codec/compress.h"

#include <algorithm>
#include <filesystem>
#include <mutex>

namespace qd::query {

namespace {

using workspace::ScanPredicate;

class WorkspaceMorsel final : public kql::Morsel {
  public:
    WorkspaceMorsel(std::shared_ptr<const workspace::Snapshot> snapshot,
                    std::unique_ptr<workspace::Morsel> under)
        : snapshot_(std::move(snapshot)), under_(std::move(under)) {}
    std::uint32_t rows() const override { return under_->rows(); }
    Result<kql::MorselCandidates> candidates() override {
        QD_TRY(workspace::MorselCandidates found, under_->candidates());
        return kql::MorselCandidates{.rows = std::move(found.rows), .proven = found.proven};
    }
    std::optional<std::pair<std::int64_t, std::int64_t>> bounds(std::size_t wanted) const override {
        return under_->bounds(wanted);
    }
    Result<columns::Chunk> read(std::span<const std::size_t> wanted,
                                const kql::MorselRows& rows) override {
        return under_->read(wanted, rows);
    }

  private:
    std::shared_ptr<const workspace::Snapshot> snapshot_;
    std::unique_ptr<workspace::Morsel> under_;
};

ScanPredicate::Op predicate_op(kql::PruningPredicate::Op op) {
    switch (op) {
        case kql::PruningPredicate::Op::Equal:
            return ScanPredicate::Op::Equal;
        case kql::PruningPredicate::Op::Less:
            return ScanPredicate::Op::Less;
        case kql::PruningPredicate::Op::LessOrEqual:
            return ScanPredicate::Op::LessOrEqual;
        case kql::PruningPredicate::Op::Greater:
            return ScanPredicate::Op::Greater;
        case kql::PruningPredicate::Op::GreaterOrEqual:
            return ScanPredicate::Op::GreaterOrEqual;
        case kql::PruningPredicate::Op::HasTerm:
            return ScanPredicate::Op::HasTerm;
        case kql::PruningPredicate::Op::HasText:
            break;
    }
    return ScanPredicate::Op::HasText;
}

/// One table's snapshot behind the engine's port.
class SnapshotSource final : public kql::TableSource {
  public:
    explicit SnapshotSource(std::shared_ptr<const workspace::Snapshot> snapshot)
        : snapshot_(std::move(snapshot)), schema_(snapshot_->table().schema()) {}

    const columns::Schema& schema() const override { return schema_; }
    std::vector<columns::Field> hidden_columns() const override {
        return {
            {.name = std::string(workspace::kTimeReceived), .type = columns::DataType::DateTime},
            {.name = std::string(workspace::kItemId), .type = columns::DataType::String},
            {.name = std::string(workspace::kRowId), .type = columns::DataType::Long}};
    }
    const workspace::Snapshot& snapshot() const { return *snapshot_; }

    Result<std::vector<std::unique_ptr<kql::Morsel>>> scan(
        const kql::ScanRequest& request) override {
        workspace::ScanOptions options;
        options.columns = request.columns;
        for (const kql::PruningPredicate& predicate : request.pruning) {
            add_time_bound(options, predicate);
            options.predicates.push_back({.column = predicate.column,
                                          .op = predicate_op(predicate.op),
                                          .value = predicate.value});
        }
        QD_TRY(auto pieces, snapshot_->scan(options));
        std::vector<std::unique_ptr<kql::Morsel>> morsels;
        morsels.reserve(pieces.size());
        for (auto& piece : pieces) {
            morsels.push_back(std::make_unique<WorkspaceMorsel>(snapshot_, std::move(piece)));
        }
        return morsels;
    }

  private:
    /// Bounds of TimeGenerated also prune whole extents.
    static void add_time_bound(workspace::ScanOptions& options,
                               const kql::PruningPredicate& predicate) {
        if (predicate.column != workspace::kTimeGenerated || predicate.value.is_null() ||
            predicate.value.type() != columns::DataType::DateTime) {
            return;
        }
        const Timestamp at{predicate.value.as_int()};
        using Op = kql::PruningPredicate::Op;
        if (predicate.op == Op::Greater || predicate.op == Op::GreaterOrEqual ||
            predicate.op == Op::Equal) {
            options.from = options.from ? std::max(*options.from, at) : at;
        }
        if (predicate.op == Op::Less || predicate.op == Op::LessOrEqual ||
            predicate.op == Op::Equal) {
            const Timestamp end{at.ticks + 1};  // [from, to): an inclusive bound ends a tick later
            options.to = options.to ? std::min(*options.to, end) : end;
        }
    }

    std::shared_ptr<const workspace::Snapshot> snapshot_;
    columns::Schema schema_;
};

Error external_refused(std::string_view uri, std::string_view why) {
    return Error(Code::PermissionDenied, "QRY0010",
                 "externaldata may not read this address: " + std::string(why) +
                     ": uri=" + std::string(uri));
}

std::string_view host_of(std::string_view url) {
    url.remove_prefix(std::string_view("https://").size());
    url = url.substr(0, url.find_first_of("/?#"));
    const std::size_t at = url.find('@');
    if (at != std::string_view::npos) {
        url.remove_prefix(at + 1);
    }
    return url.substr(0, url.find(':'));
}

}  // namespace

struct WorkspaceCatalog::State {
    workspace::Workspace& workspace;
    const MaterializedViews& views;
    ExternalFetch* fetch;
    const ExternalDataPolicy& external;
    const AddressBook* addresses;
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<kql::TableSource>, std::less<>> added;
    std::map<std::string, std::shared_ptr<kql::TableSource>, std::less<>> sources;
    std::optional<std::vector<workspace::FunctionText>> functions;

    Result<std::string> read_file(std::string_view path);
    /// The table's rows as of when this query first named it; null when there is no such table.
    /// Caller holds `mutex`.
    std::shared_ptr<kql::TableSource> stored(std::string_view name);
    std::optional<kql::StoredFunction> view_function(std::string_view name);
};

WorkspaceCatalog::WorkspaceCatalog(workspace::Workspace& workspace, const MaterializedViews& views,
                                   ExternalFetch* fetch, const ExternalDataPolicy& external,
                                   const AddressBook* addresses)
    : state_(new State{.workspace = workspace,
                       .views = views,
                       .fetch = fetch,
                       .external = external,
                       .addresses = addresses,
                       .mutex = {},
                       .added = {},
                       .sources = {},
                       .functions = std::nullopt}) {}

WorkspaceCatalog::~WorkspaceCatalog() = default;

std::string WorkspaceCatalog::default_database() const {
    return std::string(QueryService::kDatabase);
}

std::shared_ptr<kql::TableSource> WorkspaceCatalog::State::stored(std::string_view name) {
    const auto found = sources.find(name);
    if (found != sources.end()) {
        return found->second;
    }
    const workspace::TablePtr table = workspace.find_table(name);
    if (table == nullptr || table->kind == workspace::TableKind::View) {
        return nullptr;
    }
    auto snapshot = workspace.snapshot(name);
    if (!snapshot.ok()) {
        return nullptr;
    }
    auto source = std::make_shared<SnapshotSource>(std::move(snapshot).value());
    sources.emplace(std::string(name), source);
    return source;
}

std::shared_ptr<kql::TableSource> WorkspaceCatalog::find_table(std::string_view database,
                                                               std::string_view name) {
    if (!database.empty() && database != QueryService::kDatabase) {
        return nullptr;
    }
    const std::lock_guard lock(state_->mutex);
    if (const auto added = state_->added.find(name); added != state_->added.end()) {
        return added->second;
    }
    // A table under row level security is reached through its policy's query.
    return row_security(state_->workspace, name) ? nullptr : state_->stored(name);
}

std::shared_ptr<kql::TableSource> WorkspaceCatalog::find_behind(std::string_view database,
                                                                std::string_view name) {
    if (!database.empty() && database != QueryService::kDatabase) {
        return nullptr;
    }
    const std::lock_guard lock(state_->mutex);
    return row_security(state_->workspace, name) ? state_->stored(name) : nullptr;
}

std::vector<std::string> WorkspaceCatalog::table_names(std::string_view database) {
    std::vector<std::string> names;
    if (!database.empty() && database != QueryService::kDatabase) {
        return names;
    }
    for (const workspace::TablePtr& table : state_->workspace.tables()) {
        if (table->kind != workspace::TableKind::View &&
            !MaterializedViews::is_state_table(table->name)) {
            names.push_back(table->name);
        }
    }
    return names;
}

/// Views that stand for tables: row level security, materialized views.
std::optional<kql::StoredFunction> WorkspaceCatalog::State::view_function(std::string_view name) {
    kql::StoredFunction out{.name = std::string(name),
                            .parameters = "",
                            .body = "",
                            .folder = "",
                            .doc = "",
                            .is_view = true};
    if (const auto security = row_security(workspace, name)) {
        out.body = security->query;
        return out;
    }
    const bool part = name.starts_with(kql::kMaterializedPart);
    const auto view = views.find(part ? name.substr(kql::kMaterializedPart.size()) : name);
    if (!view) {
        return std::nullopt;
    }
    const auto states = stored(MaterializedViews::table_of(view->name));
    const auto* source = dynamic_cast<const SnapshotSource*>(states.get());
    if (source == nullptr) {
        return std::nullopt;
    }
    // Both halves of the view are of one instant of its states.
    const auto up_to = views.reaches(*view, source->snapshot());
    if (!up_to.ok()) {
        return std::nullopt;
    }
    out.body = part ? MaterializedViews::materialized_text(*view)
                    : MaterializedViews::whole_text(*view, up_to.value());
    return out;
}

std::optional<kql::StoredFunction> WorkspaceCatalog::find_function(std::string_view database,
                                                                   std::string_view name) {
    if (!database.empty() && database != QueryService::kDatabase) {
        return std::nullopt;
    }
    const std::lock_guard lock(state_->mutex);
    if (auto view = state_->view_function(name)) {
        return view;
    }
    if (!state_->functions) {
        state_->functions = state_->workspace.functions();
    }
    for (const workspace::FunctionText& function : *state_->functions) {
        if (function.name == name) {
            return kql::StoredFunction{.name = function.name,
                                       .parameters = function.parameters,
                                       .body = function.body,
                                       .folder = function.folder,
                                       .doc = function.doc,
                                       .is_view = function.is_view};
        }
    }
    const workspace::TablePtr table = state_->workspace.find_table(name);
    if (table != nullptr && table->kind == workspace::TableKind::View) {
        return kql::StoredFunction{.name = table->name,
                                   .parameters = "",
                                   .body = workspace::view_query(*table),
                                   .folder = "",
                                   .doc = table->description,
                                   .is_view = true};
    }
    return std::nullopt;
}

void WorkspaceCatalog::add_table(std::string name, std::shared_ptr<kql::TableSource> source) {
    const std::lock_guard lock(state_->mutex);
    state_->added[std::move(name)] = std::move(source);
}

Result<std::string> WorkspaceCatalog::State::read_file(std::string_view path) {
    std::error_code error;
    const std::filesystem::path real = std::filesystem::canonical(std::string(path), error);
    if (error) {
        return Error(Code::NotFound, "QRY0011",
                     "externaldata file cannot be read: " + std::string(path));
    }
    const bool allowed = std::any_of(
        external.directories.begin(), external.directories.end(), [&](const std::string& dir) {
            std::error_code ignored;
            const std::string root = std::filesystem::canonical(dir, ignored).string() + "/";
            return !ignored && real.string().starts_with(root);
        });
    if (!allowed) {
        return external_refused(path, "the file lies in no allowed folder");
    }
    RealFiles files;
    QD_TRY(const std::uint64_t size, files.size_bytes(real.string()));
    if (size > external.bytes_max) {
        return external_refused(path, "the file is too large");
    }
    return files.read(real.string());
}

std::optional<Value> WorkspaceCatalog::locate_address(std::string_view address) {
    return state_->addresses == nullptr ? std::nullopt : state_->addresses->locate(address);
}

Result<std::string> WorkspaceCatalog::read_external(std::string_view uri) {
    // A storage key or token may follow the address behind ';': it is not part of the name.
    const std::string_view address = uri.substr(0, uri.find(';'));
    std::string bytes;
    if (address.starts_with("file://")) {
        QD_TRY(bytes, state_->read_file(address.substr(7)));
    } else if (address.starts_with("https://")) {
        const std::string_view host = host_of(address);
        const auto& hosts = state_->external.hosts;
        if (std::find(hosts.begin(), hosts.end(), host) == hosts.end()) {
            return external_refused(address, "the host is not on the allow-list");
        }
        if (state_->fetch == nullptr) {
            return external_refused(address, "no HTTP client is configured");
        }
        QD_TRY(bytes, state_->fetch->get(std::string(address), state_->external.bytes_max));
    } else {
        return external_refused(address, "only https:// and file:// are read");
    }
    if (address.ends_with(".gz") || bytes.starts_with("\x1f\x8b")) {
        return codec::gunzip(bytes, state_->external.bytes_max);
    }
    return bytes;
}

}  // namespace qd::query
