#include "artefacts.h"

#include "qd/codec/json.h"

namespace qd::server {

namespace {

class Loader {
  public:
    Loader(Files& files, std::vector<ArtefactFinding>& findings)
        : files_(files), findings_(findings) {}

    /// Calls `take` with each file of a folder that ends so.
    template <typename Take>
    void each(const std::string& folder, std::string_view suffix, Take take) {
        if (!files_.exists(folder)) {
            return;
        }
        auto names = files_.list(folder);
        if (!names.ok()) {
            report(folder, names.error());
            return;
        }
        for (const std::string& name : names.value()) {
            if (!name.ends_with(suffix)) {
                continue;
            }
            const std::string path = folder + "/" + name;
            auto text = files_.read(path);
            if (!text.ok()) {
                report(path, text.error());
                continue;
            }
            if (Status taken = take(path, text.value()); !taken.ok()) {
                report(path, taken.error());
            }
        }
    }

    template <typename Findings>
    void remarks(const std::string& path, const Findings& findings) {
        for (const auto& finding : findings) {
            findings_.push_back({.path = path,
                                 .error = finding.level == alerting::FindingLevel::Error,
                                 .message = finding.id + ": " + finding.message});
        }
    }

  private:
    void report(const std::string& path, const Error& error) {
        findings_.push_back({.path = path, .error = true, .message = error.text()});
    }

    Files& files_;
    std::vector<ArtefactFinding>& findings_;
};

}  // namespace

std::vector<ArtefactFinding> load_artefacts(const std::string& dir, Files& files,
                                            alerting::AlertService& alerts,
                                            automation::WorkflowService& workflows,
                                            query::QueryService& queries,
                                            std::optional<Timestamp> rules_start) {
    std::vector<ArtefactFinding> findings;
    Loader loader(files, findings);
    loader.each(dir + "/functions", ".kql",
                [&](const std::string&, const std::string& text) -> Status {
                    auto done = queries.run(text, queries.default_options());
                    return done.ok() ? ok_status() : Status(done.error());
                });
    loader.each(
        dir + "/workflows", ".json",
        [&](const std::string& path, const std::string& text) -> Status {
            QD_TRY(const Value document, codec::parse_json(text));
            const std::size_t slash = path.find_last_of('/') + 1;
            const std::string name = path.substr(slash, path.size() - slash - 5);
            QD_TRY(const auto remarks, workflows.put_workflow(name, document));
            for (const automation::Finding& one : remarks) {
                findings.push_back({.path = path,
                                    .error = one.severity == automation::Finding::Severity::Error,
                                    .message = one.id + ": " + one.path + ": " + one.message});
            }
            return ok_status();
        });
    loader.each(dir + "/action-groups", ".json",
                [&](const std::string& path, const std::string& text) -> Status {
                    QD_TRY(const Value document, codec::parse_json(text));
                    QD_TRY(const auto loaded, alerting::parse_action_group(document));
                    loader.remarks(path, loaded.findings);
                    return alerts.put_action_group(loaded.group);
                });
    loader.each(dir + "/rules", ".json",
                [&](const std::string& path, const std::string& text) -> Status {
                    QD_TRY(const auto rules, alerting::parse_rules_text(text));
                    for (const alerting::LoadedRule& one : rules) {
                        loader.remarks(path, one.findings);
                        QD_CHECK_OK(alerts.put_rule(one.rule, rules_start));
                    }
                    return ok_status();
                });
    return findings;
}

}  // namespace qd::server
