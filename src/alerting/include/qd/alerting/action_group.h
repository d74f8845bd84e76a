#pragma once

#include "qd/alerting/rule.h"
#include "qd/base/result.h"
#include "qd/codec/value.h"

#include <string>
#include <string_view>
#include <vector>

namespace qd::alerting {

/// One receiver of an action group. Delivered today: webhookReceivers and our own
/// qdPlaybookReceivers; the other kinds are kept and every delivery to them is recorded as
/// undeliverable, by name.
struct Receiver {
    std::string kind;  // the list's name: "webhookReceivers"
    std::string name;
    /// serviceUri of a webhook, workflow name of a playbook, empty for other kinds.
    std::string target;
    bool common_schema = false;
    bool deliverable() const { return kind == "webhookReceivers" || kind == "qdPlaybookReceivers"; }
};

/// A `Microsoft.Insights/actionGroups` resource.
struct ActionGroup {
    std::string id;  // the resource id, else the name
    std::string name;
    std::string short_name;
    bool enabled = true;
    std::vector<Receiver> receivers;
    Value document;
};

struct LoadedActionGroup {
    ActionGroup group;
    std::vector<Finding> findings;
    bool has_errors() const;
};

/// Reads the resource; `{"name":…, "properties":{…}}` with the receiver lists.
/// Errors: InvalidArgument ALR0120 when there are no properties.
Result<LoadedActionGroup> parse_action_group(const Value& document);

/// Whether a rule's reference names this group: by id, or by the id's last segment; without case.
bool refers_to(std::string_view reference, const ActionGroup& group);

}  // namespace qd::alerting
